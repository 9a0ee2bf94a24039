//! The last failures that are not refusals, for `status`: what has to be
//! corrected in DSM's settings, at Google, or here.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::base::clock::UnixTime;

/// The most problems of one kind and source. A flood of one does not push out
/// the others.
const ROOM: usize = 5;

/// Requests contain text of any length.
const LONGEST_MESSAGE: usize = 600;

/// Where a problem came from. An attacker on the Internet, who can cause any
/// number of problems, does not push out those of DSM and of the home network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This machine, a private address, or Google.
    Near,
    /// Any other address on the Internet.
    Far,
}

/// A failure, without its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The public name of its kind.
    pub name: &'static str,
    /// What came, what was expected, and what to do.
    pub message: String,
}

/// A problem and when it last happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct NotedProblem {
    pub at: UnixTime,
    pub problem: Problem,
    source: Source,
}

/// The last problems since the start: one entry for each kind and message. In
/// memory, since a request without a verified account must not write to disk.
#[derive(Debug, Default)]
pub struct Problems(Mutex<VecDeque<NotedProblem>>);

impl Problems {
    /// Returns the problems, the newest first.
    pub fn latest(&self) -> Vec<NotedProblem> {
        let problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problems.iter().cloned().collect()
    }

    /// Adds `problem`, or updates the time of an equal one.
    pub fn note(&self, at: UnixTime, source: Source, mut problem: Problem) {
        if let Some((end, _)) = problem.message.char_indices().nth(LONGEST_MESSAGE) {
            problem.message.truncate(end);
            problem.message.push('…');
        }
        let mut problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let again = |it: &NotedProblem| it.problem == problem && it.source == source;
        let kind = |it: &NotedProblem| it.problem.name == problem.name && it.source == source;
        let replaced = problems.iter().position(again).or_else(|| {
            let full = problems.iter().filter(|it| kind(it)).count() >= ROOM;
            full.then(|| problems.iter().rposition(kind)).flatten()
        });
        replaced.map(|index| problems.remove(index));
        problems.push_front(NotedProblem {
            at,
            problem,
            source,
        });
    }
}

impl Problem {
    /// Creates a problem of the public kind `name`.
    pub(crate) fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn messages(problems: &Problems) -> Vec<(i64, String)> {
        let latest = problems.latest().into_iter();
        let seen = latest.map(|it| (it.at.seconds(), it.problem.message));
        seen.collect()
    }

    #[test]
    fn what_happens_again_is_one_entry_with_the_last_time() {
        let problems = Problems::default();
        for (second, message) in [(1, "a"), (2, "b"), (3, "a")] {
            problems.note(at(second), Source::Near, Problem::new("kind", message));
        }
        let seen = [(3, "a".to_owned()), (2, "b".to_owned())];
        assert_eq!(messages(&problems), seen);
    }

    #[test]
    fn a_flood_from_outside_pushes_out_nothing_but_itself() {
        let problems = Problems::default();
        problems.note(at(1), Source::Near, Problem::new("kind", "at home"));
        problems.note(at(2), Source::Far, Problem::new("other", "elsewhere"));
        for second in 3..10_000 {
            let junk = format!("{second}{}", "x".repeat(9_000));
            problems.note(at(second), Source::Far, Problem::new("kind", junk));
        }
        let seen = messages(&problems);
        assert_eq!(seen.len(), 2 + ROOM);
        assert!(seen.contains(&(1, "at home".to_owned())));
        assert!(seen.contains(&(2, "elsewhere".to_owned())));
        assert_eq!(seen[0].0, 9_999);
        assert!(seen.iter().all(|(_, message)| message.len() < 700));
    }
}
