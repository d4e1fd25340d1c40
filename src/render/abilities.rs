//! What a context can do beyond OpenGL 2.1 and OpenGL ES 2.0. Its version and extensions decide, not its functions,
//! because drivers return pointers to functions that they don't have.

/// What a context can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    pub is_embedded: bool,
    pub version: (u32, u32),
    pub vertex_arrays: bool,
    pub fences: bool,
    pub timers: bool,
    pub instancing: bool,
    /// Shaders can pass on a value without interpolating it.
    pub flat_varyings: bool,
    /// Indices that are relative to a base vertex.
    pub base_vertex: bool,
    /// Parts of a buffer can be mapped.
    pub mapping: bool,
    /// Buffers can stay mapped while the GPU uses them.
    pub persistent_mapping: bool,
    /// The linked program can be read back.
    pub program_binaries: bool,
    pub framebuffers: bool,
    /// Framebuffers with several samples per pixel, and copies from one framebuffer to another.
    pub blits: bool,
    /// Renderbuffers with 8 bits per channel.
    pub true_color: bool,
    /// sRGB in a window and in framebuffers.
    pub srgb: bool,
    pub stereo: bool,
}

/// The context lacks something that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} has no {what}")]
pub struct Lack {
    /// Version of the context.
    pub name: String,
    pub what: &'static str,
}

impl Abilities {
    /// The abilities of the context that these functions belong to.
    pub fn of(gl: &glow::Context) -> Abilities {
        use glow::HasContext;
        let version = gl.version();
        let extensions = gl.supported_extensions();
        Abilities::new((version.major, version.minor), version.is_embedded, |name| extensions.contains(name))
    }

    /// The abilities of a context of this version with these extensions.
    pub fn new(version: (u32, u32), is_embedded: bool, has: impl Fn(&str) -> bool) -> Abilities {
        // In core since these versions of OpenGL and OpenGL ES, and before that through an extension of OpenGL.
        let since = |core, embedded, extension: &str| match is_embedded {
            true => version >= embedded,
            false => version >= core || has(extension),
        };
        // The dialect that shaders are written in from there on.
        let glsl_1_40 = version >= if is_embedded { (3, 0) } else { (3, 1) };
        let fences = since((3, 2), (3, 0), "GL_ARB_sync");
        let blits = since((3, 0), (3, 0), "GL_ARB_framebuffer_object");
        Abilities {
            is_embedded,
            version,
            vertex_arrays: version >= (3, 0),
            fences,
            timers: match is_embedded {
                true => version >= (3, 0) && has("GL_EXT_disjoint_timer_query"),
                false => since((3, 3), (0, 0), "GL_ARB_timer_query"),
            },
            instancing: glsl_1_40,
            flat_varyings: glsl_1_40,
            base_vertex: since((3, 2), (3, 2), "GL_ARB_draw_elements_base_vertex"),
            mapping: since((3, 0), (3, 0), "GL_ARB_map_buffer_range"),
            persistent_mapping: !is_embedded && fences && since((4, 4), (0, 0), "GL_ARB_buffer_storage"),
            program_binaries: since((4, 1), (3, 0), "GL_ARB_get_program_binary"),
            framebuffers: is_embedded || blits || has("GL_EXT_framebuffer_object"),
            blits,
            true_color: !is_embedded || version >= (3, 0) || has("GL_OES_rgb8_rgba8"),
            srgb: since((3, 0), (3, 0), "GL_ARB_framebuffer_sRGB"),
            stereo: !is_embedded,
        }
    }

    /// The version, as in `OpenGL ES 3.0`.
    pub fn name(&self) -> String {
        let (major, minor) = self.version;
        format!("OpenGL {}{major}.{minor}", if self.is_embedded { "ES " } else { "" })
    }

    /// Checks that framebuffers with this many `samples` per pixel, in sRGB or not, can be drawn into.
    ///
    /// # Errors
    /// Returns an error if they can't.
    pub fn require_off_screen(&self, samples: u32, srgb: bool) -> Result<(), Lack> {
        self.require(self.framebuffers, "framebuffers to draw into off-screen")?;
        self.require(self.blits || samples == 0, "multisampling off-screen (--samples)")?;
        self.require(self.srgb || !srgb, "sRGB (--srgb)")
    }

    /// Checks that a window with this many `samples` per pixel, in stereo or sRGB or not, can be drawn into and read.
    ///
    /// # Errors
    /// Returns an error if it can't.
    pub fn require_window(&self, samples: u32, stereo: bool, srgb: bool) -> Result<(), Lack> {
        self.require(self.stereo || !stereo, "stereo windows (--stereo)")?;
        self.require(self.srgb || !srgb, "sRGB (--srgb)")?;
        // None of the formats that it can draw into has the bits of such a window, whose samples therefore can't be
        // resolved.
        let is_readable = !self.is_embedded || !srgb || samples == 0;
        self.require(is_readable, "sRGB with multisampling in a window (--srgb with --samples)")
    }

    /// Checks that the context `has` what is asked for.
    ///
    /// # Errors
    /// Returns an error with the name of `what` if it hasn't.
    pub fn require(&self, has: bool, what: &'static str) -> Result<(), Lack> {
        if has { Ok(()) } else { Err(Lack { name: self.name(), what }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opengl_3_3_lacks_nothing_and_2_1_has_what_its_extensions_bring() {
        let of = |version, is_embedded, extensions: &[&str]| {
            let Abilities { vertex_arrays, fences, timers, instancing, base_vertex, mapping, .. } =
                Abilities::new(version, is_embedded, |name| extensions.contains(&name));
            [vertex_arrays, fences, timers, instancing, base_vertex, mapping]
        };
        assert_eq!(of((3, 3), false, &[]), [true; 6]);
        assert_eq!(of((3, 1), false, &[]), [true, false, false, true, false, true]);
        assert_eq!(of((2, 1), false, &[]), [false; 6]);
        assert_eq!(of((2, 1), false, &["GL_ARB_sync"]), [false, true, false, false, false, false]);
        assert_eq!(of((3, 0), true, &["GL_ARB_timer_query"]), [true, true, false, true, false, true]);
        assert_eq!(of((2, 0), true, &["GL_ARB_sync"]), [false; 6]);
    }

    #[test]
    fn framebuffers_are_there_in_every_opengl_es_and_in_2_1_by_extension() {
        let has = |version, is_embedded, extension: &str| {
            let abilities = Abilities::new(version, is_embedded, |name| name == extension);
            [abilities.framebuffers, abilities.blits, abilities.true_color, abilities.srgb]
        };
        assert_eq!(has((2, 0), true, ""), [true, false, false, false]);
        assert_eq!(has((2, 0), true, "GL_OES_rgb8_rgba8"), [true, false, true, false]);
        assert_eq!(has((2, 1), false, ""), [false, false, true, false]);
        assert_eq!(has((2, 1), false, "GL_EXT_framebuffer_object"), [true, false, true, false]);
        assert_eq!(has((2, 1), false, "GL_ARB_framebuffer_object"), [true, true, true, false]);
        assert_eq!(has((3, 0), true, ""), [true; 4]);
    }

    #[test]
    fn a_lack_names_the_version_and_what_is_missing() {
        let abilities = Abilities::new((2, 0), true, |_| false);
        let lack = abilities.require(abilities.instancing, "instancing").unwrap_err();
        assert_eq!(lack.to_string(), "OpenGL ES 2.0 has no instancing");
        assert_eq!(abilities.require(true, "framebuffers"), Ok(()));
    }
}
