//! A shader program that deletes itself.

use super::{Functions, RenderError};
use glow::HasContext;

/// The line before every shader text.
const HEADER: &str = "#version 330 core\n";

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
    #[expect(unsafe_code)]
    pub fn new(gl: &Functions, vertex: &str, fragment: &str) -> Result<Program, RenderError> {
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
