//! What this service writes to DSM: the parts, what each has to contain, and
//! what is not replaced without the administrator's consent.

use std::fmt;

use url::Url;

use super::{
    BUTTON, Endpoint, Field, Needed, PROFILE, PROFILE_IN_API, ProxyRule, Route, Row, SCOPE,
    SsoClient, SsoProfile, account_type, is_same_url,
};

/// Longer than any value that a person enters.
const LONGEST_VALUE: usize = 300;

/// The settings of DSM that one request writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The OpenID client.
    OidcClient,
    /// Which SSO service the login page offers.
    SsoProfile,
    /// The rule of the reverse proxy for the public name.
    ReverseProxy,
}

/// The settings of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// The OpenID client.
    OidcClient(SsoClient),
    /// Which SSO service the login page offers.
    SsoProfile(SsoProfile),
    /// The rule, if there is one.
    ReverseProxy(Option<ProxyRule>),
}

impl Part {
    /// All parts, in the order in which they are set: the login page offers a
    /// client only after it is complete.
    pub const ALL: [Self; 3] = [Self::OidcClient, Self::SsoProfile, Self::ReverseProxy];

    /// Returns the name in the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OidcClient => "oidc-client",
            Self::SsoProfile => "sso-profile",
            Self::ReverseProxy => "reverse-proxy",
        }
    }

    /// Returns the place in the JSON.
    pub const fn place(self) -> &'static str {
        match self {
            Self::OidcClient | Self::SsoProfile => Field::Enabled.place(),
            Self::ReverseProxy => Field::Source.place(),
        }
    }

    /// Returns the fields of the dialog.
    pub fn fields(self) -> &'static [Field] {
        let [of_profile @ .., _, _, _, _, _, _, _, _, _] = &Field::OF_SSO_CLIENT;
        let [_, _, of_client @ ..] = &Field::OF_SSO_CLIENT;
        match self {
            Self::OidcClient => of_client,
            Self::SsoProfile => of_profile,
            Self::ReverseProxy => &[Field::Source, Field::Destination],
        }
    }

    /// Returns the path of the dialog in DSM.
    pub const fn dialog(self) -> &'static str {
        match self {
            Self::OidcClient | Self::SsoProfile => "Control Panel > Domain/LDAP > SSO Client",
            Self::ReverseProxy => "Control Panel > Login Portal > Advanced > Reverse Proxy",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OidcClient => "SSO client",
            Self::SsoProfile => "SSO profile",
            Self::ReverseProxy => "reverse proxy rule",
        })
    }
}

impl Settings {
    /// Compares these settings of DSM with `wanted` ones, which are of the same
    /// part, field by field and letter by letter.
    pub fn compare(&self, wanted: &Self) -> Vec<Row> {
        let wanted_values = wanted.values().into_iter();
        let rows = self.values().into_iter().zip(wanted_values);
        let rows = rows.map(|((field, dsm), (_, ours))| Row {
            same: dsm == ours,
            field,
            dsm,
            ours,
        });
        let mut rows: Vec<Row> = rows.chain(self.secret_row(wanted)).collect();
        let place = |row: &Row| Field::OF_SSO_CLIENT.iter().position(|it| *it == row.field);
        rows.sort_by_key(place);
        rows
    }

    fn secret_row(&self, wanted: &Self) -> Option<Row> {
        let (Self::OidcClient(dsm), Self::OidcClient(ours)) = (self, wanted) else {
            return None;
        };
        Some(Row {
            field: Field::ApplicationSecret,
            dsm: None,
            ours: None,
            same: dsm.application_secret == ours.application_secret,
        })
    }

    fn values(&self) -> Vec<(Field, Option<String>)> {
        match self {
            Self::OidcClient(client) => {
                let text = |field, value: &str| (field, Some(value.to_owned()));
                vec![
                    text(Field::AccountType, account_type(client.local_users)),
                    text(Field::WellKnownUrl, &client.well_known_url),
                    text(Field::AuthorizationEndpoint, &client.authorization_endpoint),
                    text(Field::TokenEndpoint, &client.token_endpoint),
                    text(Field::ApplicationId, &client.application_id),
                    text(Field::RedirectUri, &client.redirect_uri),
                    text(Field::Scope, &client.scope),
                    text(Field::UsernameClaim, &client.username_claim),
                ]
            }
            Self::SsoProfile(SsoProfile { enabled, profile }) => {
                let is_ours = profile.eq_ignore_ascii_case(PROFILE_IN_API);
                let profile = if is_ours { PROFILE } else { profile };
                vec![
                    (Field::Enabled, Some(enabled.to_string())),
                    (Field::Profile, Some(profile.to_owned())),
                ]
            }
            Self::ReverseProxy(rule) => {
                let end = |end: fn(&ProxyRule) -> &Endpoint| {
                    rule.as_ref().map(|rule| end(rule).to_string())
                };
                vec![
                    (Field::Source, end(|rule| &rule.source)),
                    (Field::Destination, end(|rule| &rule.destination)),
                ]
            }
        }
    }
}

impl Needed<'_> {
    /// Returns why the SSO client is not replaced without consent: DSM offers
    /// another service. `None`: it does not.
    pub fn other_service(&self, profile: &SsoProfile, client: &SsoClient) -> Option<String> {
        if !profile.enabled {
            return None;
        }
        if !profile.profile.eq_ignore_ascii_case(PROFILE_IN_API) {
            let profile = quoted(&profile.profile);
            return Some(format!("DSM offers the SSO profile {profile}"));
        }
        let url = &client.well_known_url;
        let is_ours = is_same_url(url, &self.well_known_url());
        (!is_ours).then(|| format!("DSM's well-known URL is {}", quoted(url)))
    }

    /// Returns why the rule for the public name is not written without consent:
    /// it leads to another service, or a new one would take DSM's own address.
    /// `None`: it is written.
    pub fn other_destination(&self, rules: &[ProxyRule]) -> Option<String> {
        let source = self.source();
        match self.route(rules) {
            Route::Elsewhere(rule) => {
                let destination = quoted(&rule.destination.to_string());
                Some(format!("DSM's rule for {source} leads to {destination}"))
            }
            // Another proxy leads only the path of the issuer to this service.
            Route::Missing(_) if self.shares_the_address_of_dsm() => Some(format!(
                "{source} is the address of DSM itself, and a rule would take all of its paths"
            )),
            Route::Missing(_) | Route::Right(_) | Route::NotNeeded => None,
        }
    }

    fn shares_the_address_of_dsm(&self) -> bool {
        let origin = |text: &str| Url::parse(text).map(|url| url.origin());
        let Ok(own) = origin(self.issuer.origin()) else {
            return false;
        };
        self.redirect_uris()
            .any(|uri| origin(uri).is_ok_and(|other| other == own))
    }

    /// Returns the settings for a DSM that has `client` now. A value that works
    /// stays, unless the dialog was never filled in.
    pub fn completed(&self, client: &SsoClient) -> SsoClient {
        let url = |dsm: &str, ours: String| {
            if is_same_url(dsm, &ours) {
                dsm.to_owned()
            } else {
                ours
            }
        };
        let is_blank = client.is_blank();
        let rows = self.compare_client(client);
        let works = |field| rows.iter().any(|row| row.field == field && row.same);
        let text = |field, dsm: &str, ours: &str| {
            let stays = works(field) && !is_blank;
            if stays { dsm } else { ours }.to_owned()
        };
        let redirect_uri = self.redirect_uris().next().unwrap_or_default();
        SsoClient {
            local_users: true,
            name: match client.name.as_str() {
                "" => BUTTON.to_owned(),
                name => name.to_owned(),
            },
            well_known_url: url(&client.well_known_url, self.well_known_url()),
            authorization_endpoint: url(
                &client.authorization_endpoint,
                self.authorization_endpoint(),
            ),
            token_endpoint: url(&client.token_endpoint, self.token_endpoint()),
            application_id: self.client.id.as_str().to_owned(),
            application_secret: Some(self.client.secret.clone()),
            redirect_uri: text(Field::RedirectUri, &client.redirect_uri, redirect_uri),
            scope: text(Field::Scope, &client.scope, SCOPE),
            username_claim: text(
                Field::UsernameClaim,
                &client.username_claim,
                self.username_claim,
            ),
        }
    }

    /// Returns the profile with which the login page offers this service.
    pub fn offered(&self) -> SsoProfile {
        SsoProfile {
            enabled: true,
            profile: PROFILE_IN_API.to_owned(),
        }
    }
}

/// Returns the start of a text of DSM in quotes, without control characters.
fn quoted(text: &str) -> String {
    let start: String = text.chars().take(LONGEST_VALUE).collect();
    let cut = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{cut}")
}

impl SsoClient {
    /// Whether the dialog was never filled in.
    pub fn is_blank(&self) -> bool {
        let fields = [
            &self.well_known_url,
            &self.application_id,
            &self.redirect_uri,
        ];
        fields.iter().all(|field| field.is_empty())
    }
}
