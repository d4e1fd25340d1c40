//! A shader program that deletes itself.

use super::{Functions, RenderError, program_cache};
use crate::renderer::Renderer;
use glow::HasContext;

/// The texts, each with the line before every shader text.
fn with_header(vertex: &str, fragment: &str) -> [String; 2] {
    [vertex, fragment].map(|text| format!("#version 330 core\n{text}"))
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
    /// The driver's own log.
    pub fn new(gl: &Functions, vertex: &str, fragment: &str) -> Result<Program, RenderError> {
        Program::compile(gl, &with_header(vertex, fragment), false)
    }

    /// The same, or what an earlier run has linked with the same driver; for the one program that a user waits for.
    ///
    /// # Errors
    /// The driver's own log.
    #[expect(unsafe_code)]
    pub fn kept(gl: &Functions, driver: &Renderer, vertex: &str, fragment: &str) -> Result<Program, RenderError> {
        let texts = with_header(vertex, fragment);
        // SAFETY: the context is current, and the extension has the number of formats.
        let has_binaries = gl.supported_extensions().contains("GL_ARB_get_program_binary")
            && unsafe { gl.get_parameter_i32(glow::NUM_PROGRAM_BINARY_FORMATS) } > 0;
        let Some(file) = has_binaries.then(|| program_cache::file((driver, &texts))).flatten() else {
            return Program::compile(gl, &texts, false);
        };
        if let Some(program) = program_cache::read(&file).and_then(|binary| Program::load(gl, &binary)) {
            return Ok(program);
        }
        let program = Program::compile(gl, &texts, true)?;
        // SAFETY: the context is current, and the program is linked.
        if let Some(binary) = unsafe { gl.get_program_binary(program.id) } {
            // Where this fails, the next start compiles again, and that is all.
            let _ = program_cache::write(&file, &binary);
        }
        Ok(program)
    }

    /// Hands the driver back what it has linked before. `None` where it refuses, as it does with what another build of
    /// it has linked.
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

    /// Compiles and links the texts of a vertex and a fragment shader. `is_kept`: its binary will be asked for.
    #[expect(unsafe_code)]
    fn compile(gl: &Functions, texts: &[String; 2], is_kept: bool) -> Result<Program, RenderError> {
        let failed = |what| move |reason| RenderError { what, reason };
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
                    return Err(RenderError { what: "to compile a shader", reason: log });
                }
            }
            if is_kept {
                gl.program_binary_retrievable_hint(program.id, true);
            }
            gl.link_program(program.id);
            if !gl.get_program_link_status(program.id) {
                return Err(RenderError {
                    what: "to link a program",
                    reason: gl.get_program_info_log(program.id),
                });
            }
            Ok(program)
        }
    }

    /// OpenGL's name of it.
    pub fn id(&self) -> glow::Program {
        self.id
    }

    /// Where a uniform is set.
    ///
    /// # Errors
    /// Where the program has none of that name.
    #[expect(unsafe_code)]
    pub fn uniform(&self, name: &'static str) -> Result<glow::UniformLocation, RenderError> {
        // SAFETY: the context is current.
        let location = unsafe { self.gl.get_uniform_location(self.id, name) };
        location.ok_or(RenderError { what: "a uniform", reason: format!("the program has no {name}") })
    }
}

impl Drop for Program {
    #[expect(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the context is current.
        unsafe { self.gl.delete_program(self.id) };
    }
}
