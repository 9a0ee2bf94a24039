//! Rules between two sections of the file.

use super::reader::Section;
use super::{Google, urls};
use domain::base::issuer::Issuer;
use domain::model::relying_party::RelyingParty;

/// What is wrong with the three URLs of a login together.
pub(super) fn note_where_browsers_go(
    file: &Section<'_>,
    issuer: &Issuer,
    google: &Google,
    clients: &[RelyingParty],
) {
    if google.issuer.as_str() == urls::GOOGLE
        && let Err(message) = urls::google_leads_back(issuer.as_str())
    {
        file.note("issuer", message);
    }
    for (client, party) in clients.iter().enumerate() {
        for (index, uri) in party.redirect_uris.iter().enumerate() {
            if let Err(message) = urls::not_to_itself(issuer, uri.as_str()) {
                let path = format!("clients[{client}].redirect-uris[{index}]");
                file.note_at(&path, message);
            }
        }
    }
}
