//! The icon and the help page in DSM.

use anyhow::{Context, Result, ensure};

use super::package::{Member, Package};

const SIZES: [u32; 7] = [16, 24, 32, 48, 64, 72, 256];
const PLACE: &str = "webman/3rdparty/google-to-synology-sso/";

pub(crate) fn has_icons(package: &Package) -> Result<()> {
    is_square(package.member("PACKAGE_ICON.PNG")?, 64)?;
    is_square(package.member("PACKAGE_ICON_256.PNG")?, 256)
}

/// Reads width, height and bit depth from PNG's first chunk.
fn is_square(icon: &Member, pixels: u32) -> Result<()> {
    let side = pixels.to_be_bytes();
    let expected = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &side[..], &side, &[8]].concat();
    let found = icon.content.get(..expected.len());
    ensure!(found == Some(&expected), "{} is not {pixels} px", icon.name);
    Ok(())
}

pub(crate) fn has_an_application(package: &Package) -> Result<()> {
    let id = package.info("dsmappname")?;
    let directory = package.info("dsmuidir")?;
    let config = package.payload(&format!("{directory}/config"))?.json()?;
    let applications = config[".url"].as_object().context("no application")?;
    ensure!(applications.keys().eq([id]), "INFO's {id} is not in it");
    let application = &applications[id];
    // DSM's default, set explicitly: the page describes what only
    // administrators can do.
    ensure!(application["allUsers"] == false, "it is for everybody");

    let url = application["url"].as_str().unwrap_or_default();
    let page = url.strip_prefix(PLACE).context("it is elsewhere")?;
    package.payload(&format!("{directory}/{page}"))?;

    let icon = application["icon"].as_str().context("no icon")?;
    ensure!(icon.contains("{0}"), "one icon for all sizes");
    for size in SIZES {
        let name = icon.replace("{0}", &size.to_string());
        is_square(package.payload(&format!("{directory}/{name}"))?, size)?;
    }
    for key in ["title", "desc"] {
        let text = application[key]
            .as_str()
            .and_then(|it| it.strip_prefix("app:"));
        let text = text.with_context(|| format!("{key} is not translated"))?;
        for language in ["enu", "fre"] {
            let strings = package.payload(&format!("{directory}/texts/{language}/strings"))?;
            let start = format!("{text}=\"");
            let mut lines = strings.text()?.lines();
            ensure!(
                lines.any(|it| it.starts_with(&start)),
                "no {text} in {language}"
            );
        }
    }
    Ok(())
}

/// DSM links a file of this name in a package's `ui` into its own desktop and
/// sign-in page, whose elements it would then restyle. Seen in the HTML of a
/// DSM page; the builder of another package rejects the name for that reason.
pub(crate) fn leaves_dsm_its_style(package: &Package) -> Result<()> {
    let directory = format!("{}/", package.info("dsmuidir")?);
    let files = package.payload.iter().map(|it| it.name.as_str());
    let mut inside = files.filter_map(|name| name.strip_prefix(&directory));
    let found = inside.find(|name| name.rsplit('/').next() == Some("style.css"));
    ensure!(
        found.is_none(),
        "DSM would link {directory}{}",
        found.unwrap_or_default()
    );
    Ok(())
}
