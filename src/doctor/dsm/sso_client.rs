//! `sso-client.…`: DSM's own sign-in settings, field by field.

use super::Inspection;
use super::words::{quoted, unread};
use crate::clients::dsm::{DsmError, SettingsReading};
use crate::doctor::Finding;
use domain::model::dsm_settings::{Field, Needed, Redirects, Row, SsoClient, SsoProfile};

const DIALOG: &str = "Control Panel > Domain/LDAP > SSO Client";

impl Inspection<'_> {
    pub(super) fn sso_client(&self, needed: Option<&Needed<'_>>) -> Vec<Finding> {
        let (Some(needed), Some(settings)) = (needed, &self.settings) else {
            let why = self.obstacle().unwrap_or("the settings were not read");
            let not_tested = |field| Finding::not_tested(name(field), why);
            return Field::OF_SSO_CLIENT.map(not_tested).into();
        };
        if is_blank(settings) {
            return blank();
        }
        let comparison = Comparison { needed, settings };
        Field::OF_SSO_CLIENT
            .map(|field| comparison.finding(field))
            .into()
    }
}

fn name(field: Field) -> String {
    format!("{}.{}", field.place(), field.name())
}

/// Whether the dialog was never filled in.
fn is_blank(settings: &SettingsReading) -> bool {
    let is_off = |profile: &SsoProfile| !profile.enabled;
    let is_empty = |client: &SsoClient| {
        let fields = [
            &client.well_known_url,
            &client.application_id,
            &client.redirect_uri,
        ];
        fields.iter().all(|field| field.is_empty())
    };
    settings.profile.as_ref().is_ok_and(is_off) && settings.client.as_ref().is_ok_and(is_empty)
}

fn blank() -> Vec<Finding> {
    let findings = Field::OF_SSO_CLIENT.map(|field| {
        if field == Field::Enabled {
            return Finding::fail(
                name(field),
                format!("DSM's sign-in is not set up: enter what dsm-settings prints in {DIALOG}"),
            );
        }
        Finding::not_tested(name(field), "DSM's sign-in is not set up")
    });
    findings.into()
}

struct Comparison<'a> {
    needed: &'a Needed<'a>,
    settings: &'a SettingsReading,
}

impl Comparison<'_> {
    fn finding(&self, field: Field) -> Finding {
        let row = match self.row(field) {
            Ok(Some(row)) => row,
            Ok(None) => return Finding::not_tested(name(field), "it is not a field of DSM"),
            Err(error) => {
                let message = format!("{}; compare it in {DIALOG}", unread(error));
                return Finding::warn(name(field), message);
            }
        };
        if row.same {
            return Finding::ok(name(field), self.praise(&row));
        }
        self.complaint(&row)
    }

    fn row(&self, field: Field) -> Result<Option<Row>, &DsmError> {
        let rows: Vec<Row> = match field {
            Field::Enabled | Field::Profile => {
                let profile = self.settings.profile.as_ref()?;
                self.needed.compare_profile(profile).into()
            }
            Field::AccountType
            | Field::WellKnownUrl
            | Field::AuthorizationEndpoint
            | Field::TokenEndpoint
            | Field::ApplicationId
            | Field::ApplicationSecret
            | Field::RedirectUri
            | Field::Scope
            | Field::UsernameClaim
            | Field::Source
            | Field::Destination => {
                let client = self.settings.client.as_ref()?;
                self.needed.compare_client(client).into()
            }
        };
        Ok(rows.into_iter().find(|row| row.field == field))
    }

    fn praise(&self, row: &Row) -> String {
        let dsm = quoted(row.dsm.as_deref().unwrap_or_default());
        match row.field {
            Field::Enabled => match &self.settings.is_default {
                Ok(true) => "DSM offers this sign-in, and selects it by default".to_owned(),
                Ok(false) => "DSM offers this sign-in beside that by password".to_owned(),
                Err(error) => format!("DSM offers this sign-in ({})", unread(error)),
            },
            Field::ApplicationSecret => {
                format!("DSM has the secret of {}", self.secret_file())
            }
            Field::Scope if row.dsm != row.ours => {
                let ours = quoted(row.ours.as_deref().unwrap_or_default());
                format!("DSM has {dsm}, which works as {ours} does")
            }
            Field::Profile
            | Field::AccountType
            | Field::WellKnownUrl
            | Field::AuthorizationEndpoint
            | Field::TokenEndpoint
            | Field::ApplicationId
            | Field::RedirectUri
            | Field::Scope
            | Field::UsernameClaim
            | Field::Source
            | Field::Destination => format!("DSM has {dsm}"),
        }
    }

    fn complaint(&self, row: &Row) -> Finding {
        let name = name(row.field);
        let dsm = match row.dsm.as_deref() {
            None | Some("") => "nothing".to_owned(),
            Some(value) => quoted(value),
        };
        let ours = quoted(row.ours.as_deref().unwrap_or_default());
        match row.field {
            Field::Enabled => Finding::fail(
                name,
                format!("DSM does not offer this sign-in: enable it in {DIALOG}"),
            ),
            Field::AccountType => Finding::fail(
                name,
                format!(
                    "DSM lets only users of a domain or LDAP sign in: choose {ours} in {DIALOG}; \
                     this choice exists from DSM 7.2 on"
                ),
            ),
            Field::AuthorizationEndpoint | Field::TokenEndpoint if self.has_other_url() => {
                Finding::not_tested(name, "DSM takes it from the well-known URL, which is wrong")
            }
            Field::AuthorizationEndpoint | Field::TokenEndpoint => Finding::fail(
                name,
                format!(
                    "DSM has {dsm}, and needs {ours}: open {DIALOG} and save it again, so that DSM \
                     reads the well-known URL again"
                ),
            ),
            Field::ApplicationSecret => self.secret(name),
            Field::RedirectUri => self.redirect_uri(name, &dsm, &ours),
            Field::Profile
            | Field::WellKnownUrl
            | Field::ApplicationId
            | Field::Scope
            | Field::UsernameClaim
            | Field::Source
            | Field::Destination => Finding::fail(
                name,
                format!("DSM has {dsm}, and needs {ours}: correct it in {DIALOG}"),
            ),
        }
    }

    fn has_other_url(&self) -> bool {
        let row = self.row(Field::WellKnownUrl);
        row.is_ok_and(|row| row.is_some_and(|row| !row.same))
    }

    fn secret(&self, name: String) -> Finding {
        let client = self.settings.client.as_ref();
        if client.is_ok_and(|client| client.application_secret.is_none()) {
            return Finding::not_tested(name, "DSM does not show its application secret");
        }
        Finding::fail(
            name,
            format!(
                "DSM has another secret than {}: enter the content of this file as application \
                 secret in {DIALOG}",
                self.secret_file()
            ),
        )
    }

    fn secret_file(&self) -> std::path::Display<'_> {
        self.needed.client.secret_file.display()
    }

    fn redirect_uri(&self, name: String, dsm: &str, ours: &str) -> Finding {
        let client = self.settings.client.as_ref();
        let redirects = client.map(|client| self.needed.redirects(&client.redirect_uri));
        if let Ok(Redirects::NotAll(unknown)) = redirects {
            let unknown = quoted(&unknown);
            return Finding::warn(
                name,
                format!(
                    "sign-ins that DSM sends back to {unknown} are rejected: add it to \
                     redirect-uris in the config, or remove it in {DIALOG}"
                ),
            );
        }
        Finding::fail(
            name,
            format!(
                "DSM has {dsm}, and the config has {ours}: correct it in {DIALOG}, or in \
                 redirect-uris in the config"
            ),
        )
    }
}
