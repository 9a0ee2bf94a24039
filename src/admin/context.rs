//! What a section works with.

use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;

use super::forms::MadeFor;
use super::section::Html;
use crate::control::{self, Operations, Refused, Request, Time};
use crate::http::Language;
use domain::base::clock::UnixTime;
use domain::base::parameters::Parameters;
use domain::base::random::Random;

/// What a section and its forms work with, for one request.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) language: Language,
    pub(crate) now: UnixTime,
    /// The time zone of the NAS, for [`Context::local`].
    pub(crate) time_zone: &'a TimeZone,
    /// What the family calls the NAS.
    pub(crate) nas_name: &'a str,
    /// The DSM user who looks at the page.
    pub(crate) administrator: &'a str,
    /// The query of a GET request; empty for a POST.
    pub(crate) query: &'a Parameters,
    pub(super) operations: &'a dyn Operations,
    pub(super) made_for: MadeFor<'a>,
    pub(super) random: &'a dyn Random,
}

impl Context<'_> {
    /// Returns the report of `request`, as the commands get it.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refused> {
        control::ask(self.operations, request).await
    }

    /// Returns `time` in the NAS's time zone, such as `2026-11-23 07:00`.
    pub(crate) fn local(&self, time: Time) -> String {
        let instant = jiff::Timestamp::from_second(time.0.seconds()).unwrap_or_default();
        let local = instant.to_zoned(self.time_zone.clone());
        local.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Returns the hidden fields of the form `name`, for
    /// `<form method="post">{{ … }}`. One result can be used in several forms
    /// of this name on one page.
    pub(crate) fn form(&self, name: &'static str) -> Html {
        // Without random numbers, the form is not accepted.
        let token = self.made_for.token(name, self.random);
        super::frame::hidden(name, &token.unwrap_or_default())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A context for the unit tests of a section, with given reports.

    use std::future::{Future, ready};
    use std::pin::Pin;
    use std::sync::Mutex;

    use serde::Serialize;

    use super::*;
    use crate::control::{Answer, Reason};
    use crate::machine::random::OsRandom;
    use domain::base::seal::SealingKey;
    use domain::base::secret::Secret;

    /// Answers each request with the report that a test gave for it, and any
    /// other one with a refusal.
    #[derive(Debug, Default)]
    pub(crate) struct Canned {
        reports: Vec<(Request, Vec<u8>)>,
        /// The requests that were made.
        pub(crate) asked: Mutex<Vec<Request>>,
    }

    impl Canned {
        /// Adds the `report` of `request`.
        pub(crate) fn with(mut self, request: Request, report: &impl Serialize) -> Self {
            let line = serde_json::to_vec(&Answer::Report(report)).unwrap();
            self.reports.push((request, line));
            self
        }

        /// Lets `test` work with a context of an administrator called Paul, on
        /// Monday, 2026-11-23, 07:00 UTC.
        pub(crate) async fn visit<R>(
            &self,
            language: Language,
            query: &str,
            test: impl AsyncFnOnce(&Context<'_>) -> R,
        ) -> R {
            let query = Parameters::parse(query.as_bytes()).unwrap();
            let now = UnixTime::from_seconds(1_795_417_200);
            let key = SealingKey::new(&Secret::new([7; 32])).unwrap();
            let context = Context {
                language,
                now,
                time_zone: &TimeZone::UTC,
                nas_name: "the family's NAS",
                administrator: "Paul",
                query: &query,
                operations: self,
                made_for: MadeFor {
                    key: &key,
                    session: [1; 16],
                    now,
                },
                random: &OsRandom::default(),
            };
            test(&context).await
        }
    }

    impl Operations for Canned {
        fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Vec<u8>> + Send + '_>> {
            let refused = || {
                let refused: Answer<()> = Answer::Refused(Refused {
                    reason: Reason::Failed,
                    message: "no report was given to the test".to_owned(),
                });
                serde_json::to_vec(&refused).unwrap()
            };
            let canned = self.reports.iter().find(|(asked, _)| *asked == request);
            let line = canned.map_or_else(refused, |(_, line)| line.clone());
            self.asked.lock().unwrap().push(request);
            Box::pin(ready(line))
        }
    }
}
