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

#[cfg(test)]
mod tests {
    use super::PAGES;
    use crate::admin::section::Needs;

    /// With an old session, a form may read DSM again, or put a file in effect
    /// that only an administrator of the machine can write.
    #[test]
    fn all_other_forms_need_a_fresh_sign_in() {
        let sections = PAGES.iter().flat_map(|page| page.sections);
        let forms = sections.flat_map(|section| section.forms);
        let without = forms.filter(|form| form.needs == Needs::Session);
        let names: Vec<&str> = without.map(|form| form.name).collect();
        let expected = [
            "check-again",
            "read-dsm",
            "compare-settings",
            "preview-reload",
            "reload",
        ];
        assert_eq!(names, expected);
    }
}
