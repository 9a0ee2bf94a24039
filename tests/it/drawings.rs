//! The drawings of the forms in the guides. Each is drawn from the table below
//! it, so that both have the same values.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::command_line::{EXAMPLE, Home, text};

/// The package's questions in Package Center.
const WIZARD: &str = include_str!("../../spk/WIZARD_UIFILES/install_uifile");
/// The drawing of them.
const QUESTIONS: &str = "form-package.svg";

/// The guides with drawings, from the root of the repository.
const GUIDES: [&str; 2] = [
    "docs/guides/install-on-a-nas.md",
    "docs/guides/dsm-by-hand.md",
];
const PICTURES: &str = "docs/pictures";
/// How the names of the drawings begin.
const FORM: &str = "form-";

/// The width of a drawing in its own units: that of a small phone.
const WIDTH: usize = 320;
/// How many characters a line of each kind has at most.
const TITLE: usize = 34;
const LABEL: usize = 38;
const VALUE: usize = 36;
const CODE: usize = 34;
/// The value of a checkbox in the tables.
const CHECKED: &str = "checked";
const NOTE: &str = "A drawing of the form, not a screenshot.";

const STYLE: &str = r#"
  .card { fill: #ffffff; stroke: #d0d7de; }
  .box { fill: #f6f8fa; stroke: #8c959f; }
  .tick { fill: none; stroke: #1f2328; stroke-width: 2; }
  text { fill: #1f2328; font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; }
  .title { font-weight: 600; }
  .label { fill: #424a53; }
  .note { fill: #57606a; font-size: 13px; }
  .code { font: 13px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #161b22; stroke: #30363d; }
    .box { fill: #0d1117; stroke: #6e7681; }
    .tick { stroke: #e6edf3; }
    text { fill: #e6edf3; }
    .label { fill: #b6bec8; }
    .note { fill: #9da7b3; }
  }
"#;

/// A form: its drawing's file, its title, and its fields with their values.
struct Form {
    file: String,
    title: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The forms of a page: an image whose name begins with `form-`, and the
    /// first two columns of the table below it.
    fn all(page: &str) -> Vec<Self> {
        let images = page.split("\n![").skip(1);
        images.filter_map(Self::of).collect()
    }

    fn of(after: &str) -> Option<Self> {
        let (title, rest) = after.split_once("](../pictures/")?;
        let (file, rest) = rest.split_once(')')?;
        if !file.starts_with(FORM) {
            return None;
        }
        let lines = rest.lines().skip_while(|line| !line.starts_with('|'));
        let lines = lines.take_while(|line| line.starts_with('|')).skip(2);
        let cells = lines.map(|line| {
            let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
            let cell = cells.next().unwrap().to_owned();
            (cell, cells.next().unwrap().to_owned())
        });
        Some(Self {
            file: file.to_owned(),
            title: title.replace('\n', " "),
            fields: cells.collect(),
        })
    }

    /// The drawing. Lines are wrapped, because SVG does not wrap text; a
    /// screen reader gets them whole.
    fn drawn(&self) -> String {
        let mut drawing = Drawing {
            below: 14,
            body: String::new(),
        };
        drawing.text("title", 16, &wrapped(&self.title, TITLE), 20);
        for (field, value) in &self.fields {
            drawing.below += 12;
            if value == CHECKED {
                drawing.checkbox(&wrapped(field, VALUE));
            } else {
                drawing.text("label", 16, &wrapped(field, LABEL), 18);
                drawing.field(value);
            }
        }
        drawing.below += 8;
        drawing.text("note", 16, &[NOTE.to_owned()], 18);
        let said = self.fields.iter();
        let said = said.map(|(field, value)| format!("{field}: {}.", value.replace('`', "")));
        let said: Vec<String> = said.collect();
        let (height, title, said) = (drawing.below + 10, escaped(&self.title), said.join(" "));
        let (shown, said) = (WIDTH * 9 / 8, escaped(&said));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{shown}\" height=\"{}\" role=\"img\" aria-labelledby=\"title fields\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"fields\">{said}</desc>\n\
             <style>{STYLE}</style>\n\
             <rect class=\"card\" x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
             {}</svg>\n",
            height * 9 / 8,
            WIDTH - 2,
            height - 2,
            drawing.body,
        )
    }
}

/// A drawing that grows downwards.
struct Drawing {
    below: usize,
    body: String,
}

impl Drawing {
    fn text(&mut self, class: &str, x: usize, lines: &[String], height: usize) {
        for line in lines {
            self.below += height;
            let (y, line) = (self.below - 4, escaped(line));
            let text = format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{line}</text>");
            writeln!(self.body, "{text}").unwrap();
        }
    }

    fn field(&mut self, value: &str) {
        // What is typed character by character is set in the type of code.
        let (class, most) = match value.strip_prefix('`') {
            Some(_) => ("code", CODE),
            None => ("value", VALUE),
        };
        let lines = wrapped(&value.replace('`', ""), most);
        let (y, height) = (self.below + 4, 12 + 18 * lines.len());
        let width = WIDTH - 32;
        let size = format_args!("width=\"{width}\" height=\"{height}\" rx=\"4\"");
        writeln!(self.body, "<rect class=\"box\" x=\"16\" y=\"{y}\" {size}/>").unwrap();
        self.below = y + 5;
        self.text(class, 26, &lines, 18);
        self.below = y + height;
    }

    fn checkbox(&mut self, lines: &[String]) {
        let y = self.below + 2;
        let rect = "width=\"16\" height=\"16\" rx=\"3\"";
        writeln!(self.body, "<rect class=\"box\" x=\"16\" y=\"{y}\" {rect}/>").unwrap();
        let from = y + 8;
        writeln!(self.body, "<path class=\"tick\" d=\"M19 {from}l4 4 7-8\"/>").unwrap();
        self.text("value", 42, lines, 18);
    }
}

/// Breaks `text` after spaces, and an address after `/`.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive([' ', '/']) {
        let line = lines.last_mut().unwrap();
        let length = line.chars().count() + part.trim_end().chars().count();
        if length <= most {
            line.push_str(part);
        } else {
            lines.push(part.to_owned());
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
        assert!(line.chars().count() <= most, "too long to draw: {line}");
    }
    lines
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn forms() -> Vec<Form> {
    let pages = GUIDES.map(|guide| fs::read_to_string(root().join(guide)).unwrap());
    pages.iter().flat_map(|page| Form::all(page)).collect()
}

fn named<'a>(file: &str, forms: &'a [Form]) -> &'a Form {
    let form = forms.iter().find(|form| form.file == file);
    form.unwrap_or_else(|| panic!("{file} is in no guide"))
}

/// `UPDATE_PAGES=1` draws them anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test asks its own environment")]
fn each_drawing_has_the_values_of_the_table_below_it() {
    let forms = forms();
    assert!(forms.len() >= 5, "looked in the wrong place");
    let pictures = root().join(PICTURES);
    for form in &forms {
        let path = pictures.join(&form.file);
        if std::env::var("UPDATE_PAGES").is_ok() {
            fs::write(&path, form.drawn()).unwrap();
        }
        let is_current = fs::read_to_string(&path).is_ok_and(|file| file == form.drawn());
        assert!(
            is_current,
            "{} differs from its table; run UPDATE_PAGES=1 cargo test --test it drawings::",
            form.file
        );
    }
    let used: BTreeSet<PathBuf> = forms.iter().map(|form| pictures.join(&form.file)).collect();
    let entries = fs::read_dir(&pictures).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_form = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with(FORM)
    };
    let unused: Vec<PathBuf> = paths
        .filter(|path| is_form(path) && !used.contains(path))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn a_drawing_shows_and_says_each_field_and_value() {
    let page = "\n![The door,\nfrom outside](../pictures/form-door.svg)\n\n| field | value | note |\n\
                |---|---|---|\n| Name & no. | `https://nas.example.com/a/very/long/path` | any |\n\
                | Bell | checked | |\n| Key | under the mat | |\n\nEnd.\n\
                \n![Another](../pictures/login.svg)\n";
    let [form] = &Form::all(page)[..] else {
        panic!("one form");
    };
    let drawn = form.drawn();
    for expected in [
        "<title id=\"title\">The door, from outside</title>",
        "Name &amp; no.: https://nas.example.com/a/very/long/path. Bell: checked. Key: under the mat.",
        ">Name &amp; no.</text>",
        ">https://nas.example.com/a/very/</text>",
        ">long/path</text>",
        "class=\"tick\"",
        ">under the mat</text>",
        "prefers-color-scheme: dark",
    ] {
        assert!(drawn.contains(expected), "{expected}: {drawn}");
    }
    assert!(!drawn.contains(">any<"), "{drawn}");
    let changed = Form::all(&page.replace("the mat", "the pot"));
    assert_ne!(drawn, changed[0].drawn());
}

/// The forms whose values `dsm-settings` prints, by the same names.
const PRINTED: [&str; 2] = ["form-google-client.svg", "form-sso-client.svg"];

#[test]
fn the_values_are_those_that_the_program_prints() {
    let home = Home::with(EXAMPLE);
    let output = home.command(&["dsm-settings"]).output().unwrap();
    let printed = text(&output.stdout);
    let rows: Vec<_> = printed
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .collect();
    let forms = forms();
    for file in PRINTED {
        let form = named(file, &forms);
        for (field, value) in &form.fields {
            let row = rows.iter().find(|(name, _)| name == field);
            let (_, expected) = row.unwrap_or_else(|| panic!("{field}: {printed}"));
            // Of the secret, the program prints only where it is.
            let is_same =
                field == "Application secret" || value.replace('`', "") == expected.trim();
            assert!(
                is_same,
                "{field}: {value}, but the program prints {expected}"
            );
        }
    }
}

#[test]
fn the_package_asks_what_the_guide_shows_in_the_same_order() {
    let wizard: Value = serde_json::from_str(WIZARD).unwrap();
    let steps = wizard.as_array().unwrap().iter();
    let items = steps.flat_map(|step| step["items"].as_array().unwrap());
    let fields = items.filter_map(|item| item["subitems"].as_array());
    let fields = fields
        .flatten()
        .map(|field| field["desc"].as_str().unwrap());
    let forms = forms();
    let shown = named(QUESTIONS, &forms).fields.iter();
    let shown: Vec<&str> = shown.map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields.collect::<Vec<_>>(), shown);
}
