//! A browser: follows redirects, stores cookies, fills in forms. It is curl,
//! which, like browsers, resolves every name under `localhost` to this machine.

use std::path::Path;
use std::process::Command;

use crate::support::process::tool;

/// One person's browser.
pub(super) struct Browser<'a> {
    /// Contains the certificate to trust and the cookies.
    pub(super) directory: &'a Path,
}

/// The last response of a chain of redirects.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: String,
    pub(super) status: String,
    pub(super) body: String,
}

impl Browser<'_> {
    /// Opens a page.
    pub(super) fn open(&self, url: &str) -> Page {
        self.walk(&[url])
    }

    /// Submits the form on `page` to its origin.
    pub(super) fn submit(&self, page: &Page, field: &str) -> Page {
        self.walk(&["--data-urlencode", field, &page.url])
    }

    fn walk(&self, arguments: &[&str]) -> Page {
        let cookies = self.directory.join("cookies");
        let output = Command::new(tool("curl"))
            // First, or ~/.curlrc is read.
            .args(["--disable", "--silent", "--show-error", "--noproxy", "*"])
            .args(["--location", "--max-redirs", "10", "--max-time", "60"])
            .args(["--write-out", "\n%{http_code} %{url_effective}"])
            .arg("--cacert")
            .arg(self.directory.join("certificate.pem"))
            .arg("--cookie")
            .arg(&cookies)
            .arg("--cookie-jar")
            .arg(&cookies)
            .args(arguments)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "curl {arguments:?}: {errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, end) = text.rsplit_once('\n').unwrap();
        let (status, url) = end.split_once(' ').unwrap();
        Page {
            url: url.to_owned(),
            status: status.to_owned(),
            body: body.to_owned(),
        }
    }
}
