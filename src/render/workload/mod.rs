//! What the stages of the benchmark have the GPU do, each built for speed: a stage that is slow by its own doing would
//! say nothing of the GPU.

mod grid;
mod readback;
mod upload;

pub use grid::{Fill, Submit, Vertices};
pub use readback::Readback;
pub use upload::Upload;

use super::{Gears, RenderError};
use crate::scene::{Eye, View, transforms};
use std::rc::Rc;

/// Work for the GPU, a frame at a time.
pub trait Workload {
    /// Makes its program, buffers and state current. Others may have drawn before.
    fn bind(&self);

    /// Sets how much a frame holds: gears or, for [`Readback`], pictures; at least 1. It is bound.
    ///
    /// # Errors
    /// Where the driver refuses the memory.
    fn set_load(&mut self, load: u32) -> Result<(), RenderError>;

    /// Work of a frame with the load that is set, in the workload's own unit.
    fn work(&self) -> f64;

    /// Draws a frame, the gears turned by `angle` degrees. It is bound.
    fn draw(&mut self, angle: f64);
}

/// glxgears' scene. Its work: one frame.
pub struct Classic {
    gears: Rc<Gears>,
    size: (u32, u32),
}

impl Classic {
    /// The scene in a picture of this size.
    pub fn new(gears: Rc<Gears>, size: (u32, u32)) -> Classic {
        Classic { gears, size }
    }
}

impl Workload for Classic {
    fn bind(&self) {
        self.gears.bind();
    }

    fn set_load(&mut self, _: u32) -> Result<(), RenderError> {
        Ok(())
    }

    fn work(&self) -> f64 {
        1.0
    }

    fn draw(&mut self, angle: f64) {
        self.gears.draw(&transforms(self.size, Eye::Mono, View::default(), angle));
    }
}
