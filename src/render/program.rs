//! A shader program that deletes itself.

use super::{Functions, RenderError, program_cache};
use glow::HasContext;

/// The line before every shader text.
const HEADER: &str = "#version 330 core\n";

/// A linked program.
pub struct Program {
    gl: Functions,
    id: glow::Program,
}

impl Program {
    /// Links a vertex and a fragment shader, or takes what an earlier run has linked with the same driver.
    ///
    /// # Errors
    /// The driver's own log.
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions, vertex: &str, fragment: &str) -> Result<Program, RenderError> {
        // SAFETY: the context is current, and the extension has the number of formats.
        let file = unsafe {
            let driver = [glow::RENDERER, glow::VENDOR, glow::VERSION].map(|name| gl.get_parameter_string(name));
            let has_binaries = gl.supported_extensions().contains("GL_ARB_get_program_binary")
                && gl.get_parameter_i32(glow::NUM_PROGRAM_BINARY_FORMATS) > 0;
            has_binaries.then(|| program_cache::file((driver, vertex, fragment))).flatten()
        };
        let Some(file) = file else { return Program::compile(gl, vertex, fragment, false) };
        if let Some(program) = program_cache::read(&file).and_then(|binary| Program::load(gl, &binary)) {
            return Ok(program);
        }
        let program = Program::compile(gl, vertex, fragment, true)?;
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
        // SAFETY: the context is current, and the driver checks the bytes.
        unsafe {
            let program = Program { gl: gl.clone(), id: gl.create_program().ok()? };
            gl.program_binary(program.id, binary);
            let is_refused = gl.get_error() != glow::NO_ERROR;
            (!is_refused && gl.get_program_link_status(program.id)).then_some(program)
        }
    }

    /// Compiles and links a vertex and a fragment shader. `is_kept`: its binary will be asked for.
    #[expect(unsafe_code)]
    fn compile(gl: &Functions, vertex: &str, fragment: &str, is_kept: bool) -> Result<Program, RenderError> {
        let failed = |what| move |reason| RenderError { what, reason };
        // SAFETY: the context is current; deleted shaders live on for as long as the program has them.
        unsafe {
            let program = Program { gl: gl.clone(), id: gl.create_program().map_err(failed("a program"))? };
            for (kind, text) in [(glow::VERTEX_SHADER, vertex), (glow::FRAGMENT_SHADER, fragment)] {
                let shader = gl.create_shader(kind).map_err(failed("a shader"))?;
                gl.shader_source(shader, &format!("{HEADER}{text}"));
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
