//! The current OpenGL context, and what is known about it.

use super::{Refusal, version};
use crate::render::{Abilities, Lack};
use crate::renderer::Renderer;
use crate::request::GlApi;
use std::ffi::{CStr, c_char, c_void};
use std::rc::Rc;

/// The current OpenGL context, and what is known about it.
pub struct Gl {
    pub functions: Rc<glow::Context>,
    /// Its own names.
    pub renderer: Renderer,
    /// `glReleaseShaderCompiler` (OpenGL 4.1 and OpenGL ES 2.0), which glow doesn't offer.
    release_compiler: Option<ReleaseCompiler>,
}

type ReleaseCompiler = unsafe extern "system" fn();

impl Gl {
    /// Asks the current context for its names and functions. `check` decides whether it can do what it is needed for.
    ///
    /// # Errors
    /// Returns an error if it is too old, can't do that, or has no names, which would make glow panic.
    #[expect(unsafe_code)]
    pub(super) fn of_current_context(
        asked: GlApi,
        mut load: impl FnMut(&CStr) -> *const c_void,
        check: impl Fn(&Abilities) -> Result<(), Lack>,
    ) -> Result<Gl, Refusal> {
        type GetString = unsafe extern "system" fn(u32) -> *const c_char;
        let pointer = load(c"glGetString");
        if pointer.is_null() {
            return Err("the context has no glGetString".into());
        }
        // SAFETY: that function has this type in every version.
        let get_string = unsafe { std::mem::transmute::<*const c_void, GetString>(pointer) };
        let ask = |name: u32, label: &str| {
            // SAFETY: a context is current; the answer is null or a string that lives as long as the context.
            let answer = unsafe { get_string(name) };
            if answer.is_null() {
                return Err(Refusal::Other(format!("the context has no {label}")));
            }
            // SAFETY: not null, see above.
            Ok(unsafe { CStr::from_ptr(answer) }.to_string_lossy().into_owned())
        };
        let renderer = Renderer {
            renderer: ask(glow::RENDERER, "GL_RENDERER")?,
            vendor: ask(glow::VENDOR, "GL_VENDOR")?,
            version: ask(glow::VERSION, "GL_VERSION")?,
        };
        let enough =
            version::parse(&renderer.version).filter(|&(is_es, number)| version::is_enough(is_es, number));
        let Some((is_embedded, number)) = enough else {
            let Renderer { renderer, version, .. } = renderer;
            return Err(Refusal::TooOld { needed: version::needed(asked), renderer, version });
        };
        let pointer = load(c"glReleaseShaderCompiler");
        // SAFETY: that function has this type (OpenGL 4.1 core, section 2.11.2).
        let release_compiler = (!pointer.is_null() && (is_embedded || number >= (4, 1)))
            .then(|| unsafe { std::mem::transmute::<*const c_void, ReleaseCompiler>(pointer) });
        // SAFETY: `load` finds the functions of the context that is current.
        let functions = unsafe { glow::Context::from_loader_function_cstr(load) };
        check(&Abilities::of(&functions))?;
        Ok(Gl { functions: Rc::new(functions), renderer, release_compiler })
    }

    /// Releases the memory of the shader compiler. Call this when all shaders are compiled, because the driver's own
    /// compiler needs as much right afterwards, for the first frame. If Mesa compiled the shaders, the peak falls
    /// from 91 to 86 MB. (glxgears, which has no shaders, needs 84.)
    #[expect(unsafe_code)]
    pub fn release_compiler(&self) {
        if let Some(release) = self.release_compiler {
            // SAFETY: a context is current, and the function is its own.
            unsafe { release() };
            #[cfg(target_env = "gnu")]
            // SAFETY: may be called at any time (malloc_trim(3)).
            unsafe {
                libc::malloc_trim(0);
            }
        }
    }
}
