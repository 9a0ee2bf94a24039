use anyhow::{Context, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// The icon sizes of DSM's desktop, in pixels.
pub(crate) const DESKTOP: [u16; 7] = [16, 24, 32, 48, 64, 72, 256];

/// The SVG of the icon.
pub(crate) struct Icon(Tree);

impl Icon {
    pub(crate) fn read(svg: &str) -> Result<Self> {
        let tree = Tree::from_str(svg, &Options::default());
        Ok(Self(tree.context("cannot read the icon's SVG")?))
    }

    /// Renders a PNG that is `pixels` wide and high.
    pub(crate) fn png(&self, pixels: u16) -> Result<Vec<u8>> {
        let size = u32::from(pixels);
        let mut pixmap = Pixmap::new(size, size).context("the icon has no size")?;
        let scale = f32::from(pixels) / self.0.size().width();
        let transform = Transform::from_scale(scale, scale);
        resvg::render(&self.0, transform, &mut pixmap.as_mut());
        pixmap.encode_png().context("cannot encode the icon")
    }
}
