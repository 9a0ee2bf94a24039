//! The checks of Google: its documents, its time, and whether it knows our
//! client and its redirect URI.

mod verdict;

use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use rustls::CertificateError;
use tokio::time::timeout;

use super::{Finding, Findings, machine, send};
use crate::app;
use crate::clients::http_client::{HttpClient, Trust, causes};
use crate::clients::upstream::{Refreshed, UpstreamError, discovery_url};
use crate::config::Config;
use crate::logging::error_chain;
use crate::machine::random::OsRandom;
use domain::base::clock::{Clock, UnixTime};
use domain::base::random::Random;
use domain::base::secret::Secret;
use domain::signin::google::{GoogleClient, GoogleMetadata, TokenRequest, silent_url};
use verdict::Verdict;

const DISCOVERY: &str = "google.discovery";
const CLIENT: &str = "google.client";
const CLOCK: &str = "machine.clock";

/// Both documents.
const DOCUMENTS_TIMEOUT: Duration = Duration::from_secs(14);

/// One request of those that follow, which run at the same time.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Google's error page.
const MAX_PAGE_BYTES: usize = 1 << 20;

/// Like a code of Google's, but not one. Google authenticates the client
/// before it looks at the code: with a wrong secret, several projects recorded
/// `invalid_client` for such a code, and `invalid_grant` with the right one.
const IMPOSSIBLE_CODE: &str = "4/0doctor";

pub(super) async fn check(config: &Config, clock: &Arc<dyn Clock>, findings: &Findings) {
    let upstream = app::upstream(config, clock, Vec::new());
    let refreshed = timeout(DOCUMENTS_TIMEOUT, upstream.refresh()).await;
    let problem = match refreshed {
        Ok(Ok(refreshed)) => {
            send(findings, clock_finding(&refreshed, clock.now()));
            None
        }
        Ok(Err(error)) => Some(without_documents(config, clock, &error).await),
        Err(_) => {
            let seconds = DOCUMENTS_TIMEOUT.as_secs();
            Some(not_fetched(&format!("no answer within {seconds} s")))
        }
    };
    if let Some((time, documents)) = problem {
        send(findings, time);
        send(findings, documents);
        let why = "Google's documents are not available";
        send(findings, Finding::not_tested(CLIENT, why));
        return;
    }
    let issuer = config.google.issuer.as_str();
    let message = format!("the discovery document and the keys of {issuer} are valid");
    send(findings, Finding::ok(DISCOVERY, message));
    let finding = match upstream.metadata().await {
        Ok(metadata) => client(config, &metadata, upstream.client()).await,
        Err(error) => Finding::not_tested(CLIENT, &error_chain(&error)),
    };
    send(findings, finding);
}

fn clock_finding(refreshed: &Refreshed, now: UnixTime) -> Finding {
    match refreshed.date {
        Some(date) => machine::clock(now, date),
        None => Finding::not_tested(CLOCK, "Google sent no Date"),
    }
}

/// Returns the findings of clock and documents. A clock that is wrong by weeks
/// makes Google's certificate invalid, and is then the only fault.
async fn without_documents(
    config: &Config,
    clock: &Arc<dyn Clock>,
    error: &UpstreamError,
) -> (Finding, Finding) {
    if has_wrong_time(error) {
        // Only to read the time: nothing that comes from there is used.
        let http = HttpClient::new(Trust::DangerousAnyCertificate, TIMEOUT);
        let request = Request::get(discovery_url(&config.google.issuer));
        let answer = http.get(request, MAX_PAGE_BYTES).await;
        let date = answer.ok().and_then(|answer| answer.date());
        let time = date.map(|date| machine::clock(clock.now(), date));
        if let Some(time) = time.filter(|time| *time != passed(time)) {
            let why = "Google's certificate is not valid at this machine's time (machine.clock)";
            return (time, Finding::not_tested(DISCOVERY, why));
        }
    }
    not_fetched(&error_chain(error))
}

fn passed(finding: &Finding) -> Finding {
    Finding::ok(&finding.name, &finding.message)
}

fn not_fetched(why: &str) -> (Finding, Finding) {
    let message = format!(
        "{why}: check the Internet connection and the DNS server of this machine (Control Panel > \
         Network > General), and google.issuer in the config"
    );
    (
        Finding::not_tested(CLOCK, "Google's time is not known"),
        Finding::fail(DISCOVERY, message),
    )
}

fn has_wrong_time(error: &UpstreamError) -> bool {
    causes(error).any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(rustls::Error::InvalidCertificate(
                CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. }
            ))
        )
    })
}

async fn client(config: &Config, metadata: &GoogleMetadata, client: &GoogleClient) -> Finding {
    let random: &dyn Random = &OsRandom::default();
    let Ok(random) = random.token::<32>() else {
        return Finding::not_tested(CLIENT, "no random numbers");
    };
    let http = HttpClient::new(Trust::SystemAuthorities, TIMEOUT);
    let url = silent_url(metadata, client, &random);
    let verifier = Secret::new(random);
    let code = Secret::new(IMPOSSIBLE_CODE.to_owned());
    let request = TokenRequest::new(metadata, client, &verifier, &code);
    let mut builder = Request::builder().uri(&metadata.token_endpoint);
    if let Some(authorization) = &request.authorization {
        builder = builder.header("authorization", authorization.expose());
    }
    let (authorization, token) = tokio::join!(
        http.get(Request::get(url), MAX_PAGE_BYTES),
        http.post_form(builder, request.form, MAX_PAGE_BYTES)
    );
    let of_redirect = verdict::of_authorization(&authorization, client, metadata);
    let of_secret = verdict::of_token(&token);
    let verdict = match (of_redirect, of_secret) {
        // Of a client that does not exist, the secret is wrong, too.
        (Verdict::Known | Verdict::Unclear(_), Some(fault)) => fault,
        (verdict, _) => verdict,
    };
    verdict.finding(CLIENT, config)
}
