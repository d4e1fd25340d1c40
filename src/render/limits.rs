//! How large a picture a context can draw.

use super::{Abilities, FramebufferError};
use glow::HasContext;

/// Checks that a picture of this size can be drawn.
///
/// # Errors
/// Returns the limit that it exceeds.
pub fn check_size(gl: &glow::Context, size: (u32, u32)) -> Result<(), FramebufferError> {
    Limits::of(gl).allow(size, 0)
}

/// The largest picture that a context can draw.
pub struct Limits {
    width: u32,
    height: u32,
    samples: u32,
}

impl Limits {
    #[expect(unsafe_code)]
    pub fn of(gl: &glow::Context) -> Limits {
        let mut viewport = [0; 2];
        let Abilities { framebuffers, blits, .. } = Abilities::of(gl);
        // SAFETY: the context is current; GL_MAX_VIEWPORT_DIMS has two values.
        let (side, samples) = unsafe {
            gl.get_parameter_i32_slice(glow::MAX_VIEWPORT_DIMS, &mut viewport);
            let limit = |is_known: bool, name| if is_known { gl.get_parameter_i32(name) } else { i32::MAX };
            (limit(framebuffers, glow::MAX_RENDERBUFFER_SIZE), limit(blits, glow::MAX_SAMPLES))
        };
        let limit = |n: i32| n.max(0) as u32;
        Limits {
            width: limit(side.min(viewport[0])),
            height: limit(side.min(viewport[1])),
            samples: limit(samples),
        }
    }

    pub fn allow(&self, (width, height): (u32, u32), samples: u32) -> Result<(), FramebufferError> {
        if width > self.width || height > self.height {
            return Err(FramebufferError(format!("its limit is {}x{}", self.width, self.height)));
        }
        if samples > self.samples {
            return Err(FramebufferError(format!("its limit is {} samples per pixel", self.samples)));
        }
        Ok(())
    }
}
