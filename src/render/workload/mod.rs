//! What the stages of the benchmark make the GPU do. Each is built for speed, because a stage whose own code is slow
//! would say nothing about the GPU.

mod grid;
mod readback;
mod upload;

pub use grid::GearGrid;
pub use readback::Readback;
pub use upload::Upload;

use super::{Gears, RenderError};
use crate::scene::{Eye, View, transforms};
use std::rc::Rc;

/// Work for the GPU, one frame at a time.
pub trait Workload {
    /// Makes its program, buffers and state current, because other workloads may have drawn before.
    fn bind(&self);

    /// Sets the work per frame: a number of gears or, for [`Readback`], of pictures; at least 1. The workload must be
    /// bound.
    ///
    /// # Errors
    /// Returns an error if the driver refuses the memory.
    fn set_load(&mut self, load: u32) -> Result<(), RenderError>;

    /// Work per frame with the current load, in the workload's own unit.
    fn work(&self) -> f64;

    /// Draws a frame with the gears turned by `angle` degrees. The workload must be bound.
    fn draw(&mut self, angle: f64);
}

/// glxgears' scene. Its work is measured in frames.
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
