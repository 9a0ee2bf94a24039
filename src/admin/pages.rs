//! The pages of the navigation and their sections.

use super::section::Page;
use super::{config, health, keys, people, setup, week};

/// In the order of the navigation. The first is shown after the sign-in.
pub(super) const PAGES: [Page; 4] = [
    Page {
        path: "",
        name: ["Health", "État"],
        sections: &[&health::SECTION, &week::SECTION],
    },
    Page {
        path: "people",
        name: ["People", "Personnes"],
        sections: &[
            &people::SECTION,
            &people::refusals::SECTION,
            &people::sign_ins::SECTION,
        ],
    },
    Page {
        path: "setup",
        name: ["Set-up", "Configuration de DSM"],
        sections: &[&setup::SECTION],
    },
    Page {
        path: "keys",
        name: ["Keys and config", "Clés et configuration"],
        sections: &[&config::SECTION, &keys::SECTION],
    },
];
