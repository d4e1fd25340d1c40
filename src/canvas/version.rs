//! The versions of OpenGL that a context is asked for.

use super::error::Attempts;
use crate::request::GlApi;
use glutin::config::Api;
use glutin::context::{ContextApi, ContextAttributes, ContextAttributesBuilder, GlProfile};

/// A version to ask for. A driver may give a higher one that is compatible with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// As in messages.
    pub name: &'static str,
    pub is_embedded: bool,
    /// What the config must be able to do.
    pub config: Api,
    number: (u8, u8),
    profile: GlProfile,
}

const fn version(name: &'static str, config: Api, number: (u8, u8), profile: GlProfile) -> Version {
    Version { name, is_embedded: !matches!(config, Api::OPENGL), config, number, profile }
}

/// The versions to ask for, the best first: what a lower one lacks is replaced by something slower, or left out. A driver
/// that has only the last two, which are not enough, tells its version there.
const VERSIONS: [Version; 7] = [
    version("3.3", Api::OPENGL, (3, 3), GlProfile::Core),
    version("3.1", Api::OPENGL, (3, 1), GlProfile::Core),
    version("2.1", Api::OPENGL, (2, 1), GlProfile::Compatibility),
    version("ES 3.0", Api::GLES3, (3, 0), GlProfile::Core),
    version("ES 2.0", Api::GLES2, (2, 0), GlProfile::Core),
    version("1.0", Api::OPENGL, (1, 0), GlProfile::Compatibility),
    version("ES 1.0", Api::GLES1, (1, 0), GlProfile::Core),
];

impl Version {
    /// Whether asking for it may help after what was tried. If a driver lacks what was asked for, versions that aren't enough
    /// have nothing to add.
    pub fn is_worth_asking(&self, tried: &Attempts) -> bool {
        self.is_enough() || !tried.has_lack()
    }

    /// Whether the gears can be drawn with it.
    fn is_enough(&self) -> bool {
        is_enough(self.is_embedded, (self.number.0.into(), self.number.1.into()))
    }

    pub fn attributes(&self) -> ContextAttributes {
        let number = Some(glutin::context::Version::new(self.number.0, self.number.1));
        let api = if self.is_embedded { ContextApi::Gles(number) } else { ContextApi::OpenGl(number) };
        ContextAttributesBuilder::new().with_context_api(api).with_profile(self.profile).build(None)
    }
}

/// The versions to ask for, in order.
pub fn versions(asked: GlApi) -> impl Iterator<Item = &'static Version> {
    VERSIONS.iter().filter(move |version| match asked {
        GlApi::Auto => true,
        GlApi::Gl => !version.is_embedded,
        GlApi::Gles => version.is_embedded,
    })
}

/// The lowest version that is enough. (doctor knows this text.)
pub fn needed(asked: GlApi) -> &'static str {
    match asked {
        GlApi::Auto => "OpenGL 2.1 or OpenGL ES 2.0",
        GlApi::Gl => "OpenGL 2.1",
        GlApi::Gles => "OpenGL ES 2.0",
    }
}

/// What `GL_VERSION` says: whether it is OpenGL ES, and its major and minor version.
pub fn parse(text: &str) -> Option<(bool, (u32, u32))> {
    // OpenGL ES 1 has a profile here: "OpenGL ES-CM 1.1".
    let (is_embedded, text) = match text.strip_prefix("OpenGL ES") {
        Some(rest) => (true, rest.split_once(' ')?.1),
        None => (false, text),
    };
    let mut parts = text.split_whitespace().next()?.split('.');
    Some((is_embedded, (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)))
}

/// Whether the gears can be drawn with this version of OpenGL or OpenGL ES.
pub fn is_enough(is_embedded: bool, version: (u32, u32)) -> bool {
    version >= if is_embedded { (2, 0) } else { (2, 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_front() {
        assert_eq!(parse("4.5 (Core Profile) Mesa 22.3.6"), Some((false, (4, 5))));
        assert_eq!(parse("3.3.0 NVIDIA 580.159.04"), Some((false, (3, 3))));
        assert_eq!(parse("1.4 (2.1 Mesa 20.3.5)"), Some((false, (1, 4))));
        assert_eq!(parse("OpenGL ES 3.2 Mesa 22.3.6"), Some((true, (3, 2))));
        assert_eq!(parse("OpenGL ES-CM 1.1 Mesa 22.3.6"), Some((true, (1, 1))));
        assert_eq!(parse("OpenGL ES"), None);
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn the_highest_version_comes_first_and_only_what_is_asked_for_is_tried() {
        let names = |asked| versions(asked).map(|version| version.name).collect::<Vec<_>>();
        assert_eq!(names(GlApi::Auto), ["3.3", "3.1", "2.1", "ES 3.0", "ES 2.0", "1.0", "ES 1.0"]);
        assert_eq!(names(GlApi::Gl), ["3.3", "3.1", "2.1", "1.0"]);
        assert_eq!(names(GlApi::Gles), ["ES 3.0", "ES 2.0", "ES 1.0"]);
    }
}
