//! The framebuffers of the off-screen stages, which stages of the same size share.

use crate::canvas::Canvas;
use crate::error::Error;
use crate::render::Framebuffer;
use std::rc::Rc;

#[derive(Default)]
pub struct Framebuffers(Vec<Rc<Framebuffer>>);

impl Framebuffers {
    /// The framebuffer of this size.
    ///
    /// # Errors
    /// Returns an error if the size or the number of samples exceeds OpenGL's limits.
    pub fn of_size(&mut self, canvas: &Canvas, size: (u32, u32), samples: u32) -> Result<Rc<Framebuffer>, Error> {
        if let Some(found) = self.0.iter().find(|framebuffer| framebuffer.size() == size) {
            return Ok(found.clone());
        }
        let made = Framebuffer::new(canvas.functions(), size, samples, false)
            .map_err(|e| canvas.too_large(size, samples, &e))?;
        let made = Rc::new(made);
        self.0.push(made.clone());
        Ok(made)
    }
}
