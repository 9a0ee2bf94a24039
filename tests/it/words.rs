//! The words of the comments in `src`: plain English, as CONTRIBUTING.md asks.

use std::fs;
use std::path::Path;

/// Words that a reader has to decode, together: at most so many per 10,000
/// words of comments. Say "the user", "the client", "an attacker".
const PEOPLE: [&str; 4] = ["whoever", "nobody", "somebody", "whom"];
const MOST_PEOPLE: usize = 5;

/// Negate the verb: "is not a directory".
const MOST_IS_NO: usize = 4;

/// Doc comments of one line with three words or fewer, in all of `src`: they
/// seldom say more than the name below them.
const MOST_SHORT_DOCS: usize = 60;
const SHORT: usize = 3;

/// The comments of some source code.
#[derive(Debug, Default)]
struct Comments {
    words: Vec<String>,
    short_docs: Vec<String>,
}

impl Comments {
    fn read(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        let is_doc = |line: Option<&&str>| line.is_some_and(|line| doc(line).is_some());
        for (index, line) in lines.iter().enumerate() {
            let Some(comment) = line.strip_prefix("//") else {
                continue;
            };
            let words = comment.split(|c: char| !c.is_alphanumeric());
            let words = words.filter(|word| !word.is_empty());
            self.words.extend(words.map(str::to_lowercase));
            let alone = !is_doc(lines.get(index.wrapping_sub(1))) && !is_doc(lines.get(index + 1));
            let is_short = |text: &str| text.split_whitespace().count() <= SHORT;
            if alone && doc(line).is_some_and(is_short) {
                self.short_docs.push((*line).to_owned());
            }
        }
    }

    fn count(&self, phrase: &[&str]) -> usize {
        let windows = self.words.windows(phrase.len());
        windows.filter(|window| *window == phrase).count()
    }

    /// Which of the rules do not hold.
    fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let allowed = |per_10_000: usize| per_10_000 * self.words.len() / 10_000;
        let people: usize = PEOPLE.iter().map(|word| self.count(&[word])).sum();
        if people > allowed(MOST_PEOPLE) {
            found.push(format!("{people} times one of {PEOPLE:?}"));
        }
        let negated = self.count(&["is", "no"]);
        if negated > allowed(MOST_IS_NO) {
            found.push(format!("{negated} times \"is no\""));
        }
        if self.short_docs.len() > MOST_SHORT_DOCS {
            found.push(format!("short doc comments: {:#?}", self.short_docs));
        }
        found
    }
}

fn doc(line: &str) -> Option<&str> {
    line.strip_prefix("///")
        .or_else(|| line.strip_prefix("//!"))
}

fn read_all(directory: &Path, comments: &mut Comments) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, comments);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            comments.read(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_comments_are_in_plain_words() {
    let mut comments = Comments::default();
    read_all(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut comments,
    );
    assert!(comments.words.len() > 10_000, "looked in the wrong place");
    let complaints = comments.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn each_rule_fails() {
    for bad in ["// Whoever asks.", "// This is no list.", "/// Returns it."] {
        let mut comments = Comments::default();
        comments.read(&format!("{bad}\nfn x() {{}}\n").repeat(MOST_SHORT_DOCS + 1));
        assert_eq!(comments.complaints().len(), 1, "{bad}: {comments:?}");
    }
    let mut good = Comments::default();
    good.read("// Nobody.\n".repeat(2).as_str());
    good.read("// A comment of five words.\n".repeat(1_000).as_str());
    good.read("/// Returns it\n/// whole.\n".repeat(100).as_str());
    assert_eq!(good.complaints(), Vec::<String>::new());
}
