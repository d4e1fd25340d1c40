//! A shader program that deletes itself.

use super::{Abilities, Functions, RenderError, dialect, program_cache};
use crate::renderer::Renderer;
use glow::HasContext;

/// What a program is made from.
pub struct Source {
    pub vertex: &'static str,
    pub fragment: &'static str,
    /// The attributes, in the order of the mesh buffers.
    pub attributes: &'static [&'static str],
}

/// A linked program.
pub struct Program {
    gl: Functions,
    id: glow::Program,
}

impl Program {
    /// Compiles and links a vertex and a fragment shader.
    ///
    /// # Errors
    /// Returns the driver's own log.
    pub fn new(gl: &Functions, source: &Source) -> Result<Program, RenderError> {
        let texts = dialect::texts(&Abilities::of(gl), source.vertex, source.fragment);
        Program::compile(gl, &texts, source.attributes, false)
    }

    /// The same, or what an earlier run has linked with the same driver. For the one program that users wait for.
    ///
    /// # Errors
    /// Returns the driver's own log.
    #[expect(unsafe_code)]
    pub fn kept(gl: &Functions, driver: &Renderer, source: &Source) -> Result<Program, RenderError> {
        let abilities = Abilities::of(gl);
        let texts = dialect::texts(&abilities, source.vertex, source.fragment);
        // SAFETY: the context is current, and who has binaries has the number of their formats.
        let has_binaries =
            abilities.program_binaries && unsafe { gl.get_parameter_i32(glow::NUM_PROGRAM_BINARY_FORMATS) } > 0;
        let Some(file) = has_binaries.then(|| program_cache::file((driver, &texts))).flatten() else {
            return Program::compile(gl, &texts, source.attributes, false);
        };
        if let Some(program) = program_cache::read(&file).and_then(|binary| Program::load(gl, &binary)) {
            return Ok(program);
        }
        let program = Program::compile(gl, &texts, source.attributes, true)?;
        // SAFETY: the context is current, and the program is linked.
        if let Some(binary) = unsafe { gl.get_program_binary(program.id) } {
            // If this fails, the next start compiles again.
            let _ = program_cache::write(&file, &binary);
        }
        Ok(program)
    }

    /// Returns to the driver what it has linked before. `None` if it refuses, for example because another build of it
    /// has linked it.
    #[expect(unsafe_code)]
    fn load(gl: &Functions, binary: &glow::ProgramBinary) -> Option<Program> {
        // SAFETY: the context is current, and the bytes are a driver's of this name, which refuses another build's.
        unsafe {
            let program = Program { gl: gl.clone(), id: gl.create_program().ok()? };
            gl.program_binary(program.id, binary);
            let is_refused = gl.get_error() != glow::NO_ERROR;
            (!is_refused && gl.get_program_link_status(program.id)).then_some(program)
        }
    }

    /// Compiles and links the texts of a vertex and a fragment shader. `is_kept`: its binary will be read back.
    #[expect(unsafe_code)]
    fn compile(
        gl: &Functions,
        texts: &[String; 2],
        attributes: &[&str],
        is_kept: bool,
    ) -> Result<Program, RenderError> {
        let failed = |what| move |reason| RenderError::Refused { what, reason };
        // SAFETY: the context is current; deleted shaders live on for as long as the program has them.
        unsafe {
            let program = Program { gl: gl.clone(), id: gl.create_program().map_err(failed("a program"))? };
            for (kind, text) in [glow::VERTEX_SHADER, glow::FRAGMENT_SHADER].into_iter().zip(texts) {
                let shader = gl.create_shader(kind).map_err(failed("a shader"))?;
                gl.shader_source(shader, text);
                gl.compile_shader(shader);
                let compiled = gl.get_shader_compile_status(shader);
                let log = gl.get_shader_info_log(shader);
                gl.attach_shader(program.id, shader);
                gl.delete_shader(shader);
                if !compiled {
                    return Err(RenderError::Refused { what: "to compile a shader", reason: log });
                }
            }
            for (location, name) in (0..).zip(attributes) {
                gl.bind_attrib_location(program.id, location, name);
            }
            if is_kept {
                gl.program_binary_retrievable_hint(program.id, true);
            }
            gl.link_program(program.id);
            if !gl.get_program_link_status(program.id) {
                return Err(RenderError::Refused {
                    what: "to link a program",
                    reason: gl.get_program_info_log(program.id),
                });
            }
            Ok(program)
        }
    }

    pub fn id(&self) -> glow::Program {
        self.id
    }

    /// The location of a uniform.
    ///
    /// # Errors
    /// Returns an error if the program has no uniform with this name.
    #[expect(unsafe_code)]
    pub fn uniform(&self, name: &'static str) -> Result<glow::UniformLocation, RenderError> {
        // SAFETY: the context is current.
        let location = unsafe { self.gl.get_uniform_location(self.id, name) };
        location.ok_or(RenderError::Refused { what: "a uniform", reason: format!("the program has no {name}") })
    }
}

impl Drop for Program {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current.
        unsafe { self.gl.delete_program(self.id) };
    }
}
