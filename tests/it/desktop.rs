//! The icon on DSM's desktop and its help page. Anyone who knows its URL can
//! read the page, so it contains nothing about this NAS.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::command_line::{EXAMPLE, Home, bare, text};

const CONFIG: &str = include_str!("../../spk/ui/config");
const ENGLISH: &str = include_str!("../../spk/ui/index.html");
const FRENCH: &str = include_str!("../../spk/ui/fr.html");
const STYLE: &str = include_str!("../../spk/ui/help.css");
/// The page in both languages.
const PAGES: [&str; 2] = [
    include_str!("../../src/http/pages/texts/english.txt"),
    include_str!("../../src/http/pages/texts/french.txt"),
];
const TEXTS: [&str; 2] = [
    include_str!("../../spk/ui/texts/enu/strings"),
    include_str!("../../spk/ui/texts/fre/strings"),
];

#[test]
fn the_icon_is_for_administrators_and_opens_the_page() {
    let config: Value = serde_json::from_str(CONFIG).unwrap();
    let applications = config[".url"].as_object().unwrap();
    let (name, icon) = applications.iter().next().unwrap();
    assert_eq!(applications.len(), 1);
    // INFO's dsmappname has to be the same.
    assert_eq!(name, "com.google-to-synology-sso.help");
    assert_eq!(icon["allUsers"], false);
    // DSM's own origin: no host, no port.
    let page = "webman/3rdparty/google-to-synology-sso/index.html";
    assert_eq!(icon["url"], page);
    for shown in ["title", "desc"] {
        let key = icon[shown].as_str().unwrap();
        assert!(
            icon["preloadTexts"]
                .as_array()
                .unwrap()
                .contains(&key.into())
        );
        let line = format!("\n{}=\"", key.strip_prefix("app:").unwrap());
        for texts in TEXTS {
            assert!(
                texts.starts_with("[app]\n") && texts.contains(&line),
                "{texts}"
            );
        }
    }
}

/// Package Center shows after an installation what to open.
#[test]
fn the_icon_is_called_as_the_package_is() {
    let info = include_str!("../../spk/INFO");
    let installed = include_str!("../../spk/scripts/postinst");
    for (language, texts) in ["enu", "fre"].into_iter().zip(TEXTS) {
        let (_, name) = info
            .split_once(&format!("\ndisplayname_{language}="))
            .unwrap();
        let name = name.lines().next().unwrap();
        assert!(texts.contains(&format!("\ntitle={name}\n")), "{texts}");
        assert!(installed.contains(name.trim_matches('"')), "{name}");
    }
}

#[test]
fn the_page_has_no_script_and_loads_nothing() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("spk/ui");
    for page in [ENGLISH, FRENCH] {
        for marker in ["<script", "<form", "<iframe", "src=", "style=", "refresh"] {
            assert!(!page.contains(marker), "{marker}");
        }
        for (element, target) in links(page) {
            let elsewhere = target.starts_with("https://");
            // A link is followed only when the user clicks it.
            let good = if elsewhere {
                element == "<a"
            } else {
                ui.join(target).exists()
            };
            assert!(good, "{element} {target}");
        }
    }
    assert!(
        !STYLE.contains("url(") && !STYLE.contains("@import"),
        "{STYLE}"
    );
}

/// The element and its target.
fn links(page: &str) -> Vec<(&str, &str)> {
    let found = page.match_indices(" href=\"").map(|(at, href)| {
        let element = page[..at].rfind('<').unwrap();
        let element = page[element..at].split(' ').next().unwrap();
        let target = page[at + href.len()..].split('"').next().unwrap();
        (element, target)
    });
    found.collect()
}

#[test]
fn each_language_leads_to_the_other() {
    for (page, language, other) in [(ENGLISH, "en", "fr.html"), (FRENCH, "fr", "index.html")] {
        assert!(page.contains(&format!("<html lang=\"{language}\">")));
        assert!(links(page).contains(&("<a", other)), "{language}");
    }
    // Both languages have the same steps and the same symptoms.
    for element in ["<h2>", "<th ", "<li>", "<code>"] {
        let count = |page: &str| page.matches(element).count();
        assert_eq!(count(ENGLISH), count(FRENCH), "{element}");
    }
}

#[test]
fn its_values_are_those_that_the_program_prints() {
    let printed = Home::with(EXAMPLE)
        .command(&["dsm-settings", "--json"])
        .output()
        .unwrap();
    let forms: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let (dsm, google) = (&forms["dsm"][0], &forms["google"]);
    let values = [
        &dsm["well_known_url"],
        &dsm["application_id"],
        &dsm["redirect_uris"][0],
        &dsm["authorization_scope"],
        &dsm["username_claim"],
        &google["authorized_redirect_uris"][0],
        &google["scopes"][0],
        &google["scopes"][1],
        &google["scopes"][2],
    ];
    for page in [ENGLISH, FRENCH] {
        for value in values {
            let cell = format!("<code>{}</code>", value.as_str().unwrap());
            assert!(page.contains(&cell), "{cell}: {forms}");
        }
        assert!(page.contains("/LDAP/local</td>"));
        assert_eq!(dsm["account_type"], "Domain/LDAP/local");
        assert!(page.contains("<td>OIDC</td>"));
        assert_eq!(dsm["profile"], "OIDC");
    }
}

#[test]
fn its_commands_are_there_and_so_are_the_pages_that_it_quotes() {
    for page in [ENGLISH, FRENCH] {
        assert_commands_exist(page, '<');
    }
    let titles = [
        [
            "Google sign-in is not set up yet",
            "Connexion pas encore configurée",
        ],
        [
            "Google sign-in is set up wrongly",
            "Connexion mal configurée",
        ],
        ["The NAS is not ready yet", "Le NAS n’est pas encore prêt"],
        [
            "This sign-in link is not right",
            "Ce lien n’est pas correct",
        ],
    ];
    for both in titles {
        for (title, (page, texts)) in both.iter().zip([ENGLISH, FRENCH].iter().zip(PAGES)) {
            assert!(page.contains(title) && texts.contains(title), "{title}");
        }
    }
}

/// The prefix of each command in a text for the NAS: the package's user can
/// replace the program, so root must not run it.
const RUN: &str = "sudo -u google-to-synology-sso google-to-synology-sso ";

/// All commands of a text exist; each ends before `end`.
fn assert_commands_exist(page: &str, end: char) {
    let page = page.replace('\n', " ");
    let commands = page.split(RUN).skip(1);
    let commands: Vec<&str> = commands
        .map(|rest| rest.split(end).next().unwrap())
        .collect();
    assert!(commands.len() >= 2, "{commands:?}");
    // A command without the prefix.
    for start in ["<code>google-to-synology-sso ", "`google-to-synology-sso "] {
        assert!(!page.contains(start), "{page}");
    }
    for command in commands {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let help = bare(&arguments).output().unwrap();
        assert_eq!(help.status.code(), Some(0), "{command}");
        assert!(text(&help.stdout).contains("Usage: "), "{command}");
    }
}

/// The guides contain everything on the help page.
const GUIDES: [&str; 3] = [
    include_str!("../../docs/guides/install-on-a-nas.md"),
    include_str!("../../docs/guides/dsm-by-hand.md"),
    include_str!("../../docs/guides/when-it-fails.md"),
];

/// The questions of the package, in both languages.
const WIZARDS: [&str; 2] = [
    include_str!("../../spk/WIZARD_UIFILES/install_uifile"),
    include_str!("../../spk/WIZARD_UIFILES/install_uifile_fre"),
];

/// The headings that begin with a number.
fn steps<'a>(page: &'a str, start: &str) -> Vec<&'a str> {
    let headings = page.split(start).skip(1);
    let headings = headings.filter_map(|rest| rest.split(['<', '\n', '(']).next());
    let numbered =
        headings.filter(|heading| heading.starts_with(|first: char| first.is_ascii_digit()));
    numbered.map(str::trim_end).collect()
}

#[test]
fn the_help_and_the_wizard_have_the_steps_of_the_guide() {
    let english = ENGLISH.replace("&#8217;", "'");
    let english = steps(&english, "<h2>");
    let french = steps(FRENCH, "<h2>");
    assert_eq!(steps(GUIDES[0], "\n## "), english);
    assert_eq!(english.len(), 5);
    for (steps, wizard) in [english, french].iter().zip(WIZARDS) {
        for (step, number) in steps.iter().zip(1..) {
            assert!(step.starts_with(&format!("{number}. ")), "{steps:?}");
        }
        // The values that it asks for.
        for step in &steps[..3] {
            let point = format!("\"desc\": \"{step}");
            assert!(wizard.contains(&point), "{point}: {wizard}");
        }
    }
}

#[test]
fn the_guides_say_the_same() {
    for guide in GUIDES {
        assert_commands_exist(guide, '`');
    }
    let guides = GUIDES.concat();
    let symptoms = ENGLISH.split_once("class=\"symptoms\"").unwrap().1;
    for quoted in symptoms.split('“').skip(1) {
        let quoted = quoted.split('”').next().unwrap();
        assert!(guides.contains(quoted), "{quoted}");
    }
    let codes = ENGLISH.split("<code>").skip(1);
    for code in codes.map(|code| code.split('<').next().unwrap()) {
        let code = code.replace('\n', " ");
        assert!(guides.contains(&code), "{code}");
    }
    let ours = guides.lines().filter(|line| line.starts_with("| “Sign-in"));
    for title in ours.map(|line| line.split(['“', '”']).nth(1).unwrap()) {
        assert!(PAGES[0].contains(title), "{title}");
    }
}

/// On a machine where root owns the program, root may run it.
const ROOTS: &str = "docs/guides/install-with-systemd.md";

#[test]
fn no_text_for_the_nas_has_root_run_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::from(["README.md", "CHANGELOG.md"].map(|name| root.join(name)));
    for directory in ["spk", "src", "docs"] {
        collect(&root.join(directory), &mut texts);
    }
    // A picture is not a text.
    texts.retain(|path| *path != root.join(ROOTS) && path.extension() != Some("png".as_ref()));
    for path in texts {
        let text = fs::read_to_string(&path).unwrap();
        // A string literal continues in the next line after a backslash.
        let text = text.replace('\\', " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        for wrong in [
            "sudo google-to-synology-sso",
            "run with sudo",
            "want `sudo`",
        ] {
            assert!(!text.contains(wrong), "{}: {wrong}", path.display());
        }
    }
    for page in PAGES {
        let words: Vec<&str> = page.split_whitespace().collect();
        assert_commands_exist(&words.join(" "), '`');
    }
}

fn collect(directory: &Path, texts: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else {
            texts.push(path);
        }
    }
}
