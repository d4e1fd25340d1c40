//! Where the gears are drawn: a window or an EGL device, behind one type.
//!
//! [`Canvas`] is the window or device with its context. [`Frames`] is what a frame is drawn into, and how it ends. A
//! benchmark has one canvas with several `Frames`.
//!
//! All failed attempts are kept, in order, for the message ([`CanvasError`]). Only this room knows winit, glutin and
//! the X protocol.

mod copy;
mod device;
mod drawing;
mod error;
mod event_loop;
mod frames;
mod gl;
mod offscreen;
mod open;
mod swap;
mod vendor;
mod version;
mod window;
mod x11;

pub use copy::{Copying, Through};
pub use device::{Device, devices};
pub use drawing::{Drawing, Target};
pub use error::{Attempts, CanvasError, Refusal};
pub use frames::Frames;
pub use gl::Gl;
pub use offscreen::OffScreen;
pub use swap::{MeasuredSwapInterval, SwapInterval, Synchronisation};
pub use vendor::{NotNvidia, Warning, earlier_failures, forget_vendor_progress};
pub use window::{Event, Key, Window};
pub use x11::{NoAnswer, addresses, before_exit_when_server_dies, connect, try_shared_memory};

use crate::console;
use crate::render::{self, FramebufferError, Functions};
use crate::request::{self, Place, WindowApi};
use std::time::Duration;

/// A window or a device with a current context.
pub struct Canvas(Surface);

enum Surface {
    Window(Box<Window>),
    Device(Box<OffScreen>),
}

impl Canvas {
    /// Opens what `request` asks for.
    ///
    /// # Errors
    /// Returns an error that says what is missing, with everything that was tried.
    pub fn open(request: &request::Canvas) -> Result<Canvas, CanvasError> {
        Ok(Canvas(match &request.place {
            Place::Window { display } => Surface::Window(Box::new(Window::open(display, request)?)),
            Place::OffScreen { device, for_want_of_display } => {
                if *for_want_of_display {
                    console::say("DISPLAY is not set, so the gears are drawn off-screen");
                }
                Surface::Device(Box::new(OffScreen::open(device.as_ref(), request)?))
            }
        }))
    }

    /// For what only windows have, such as a title or a swap interval.
    pub fn window(&self) -> Option<&Window> {
        match &self.0 {
            Surface::Window(window) => Some(window),
            Surface::Device(_) => None,
        }
    }

    /// The EGL device, if there is no window.
    pub fn device(&self) -> Option<&Device> {
        match &self.0 {
            Surface::Window(_) => None,
            Surface::Device(screen) => Some(&screen.device),
        }
    }

    pub fn gl(&self) -> &Gl {
        match &self.0 {
            Surface::Window(window) => &window.gl,
            Surface::Device(screen) => &screen.gl,
        }
    }

    pub fn functions(&self) -> &Functions {
        &self.gl().functions
    }

    /// What the user should know about what was opened.
    pub fn warning(&self) -> Option<&Warning> {
        match &self.0 {
            Surface::Window(window) => window.warning.as_ref(),
            Surface::Device(screen) => screen.warning.as_ref(),
        }
    }

    /// How the context was created.
    pub fn api(&self) -> WindowApi {
        self.window().map_or(WindowApi::Egl, |window| window.api)
    }

    /// The X server's name, or the device's.
    pub fn name(&self) -> String {
        match &self.0 {
            Surface::Window(window) => window.display().to_owned(),
            Surface::Device(screen) => screen.device.label(),
        }
    }

    pub fn target(&self) -> Target {
        if self.window().is_some() { Target::OnScreen } else { Target::OffScreen }
    }

    /// Whether frames for this target can be drawn.
    pub fn can_show(&self, target: Target) -> bool {
        match (target, self.window()) {
            (Target::OffScreen, _) => true,
            (_, None) => false,
            (Target::OnScreen, Some(window)) => !window.is_copied(),
            (Target::Copied, Some(_)) => true,
        }
    }

    /// Events since the last call. If there are none, waits for them for up to `patience`. Devices have no events.
    ///
    /// # Errors
    /// Returns an error if the X server is lost.
    pub fn events(&mut self, patience: Duration) -> Result<Vec<Event>, CanvasError> {
        match &mut self.0 {
            Surface::Window(window) => window.events(patience),
            Surface::Device(_) => Ok(Vec::new()),
        }
    }

    /// Checks that OpenGL can draw a picture as large as the window.
    ///
    /// # Errors
    /// Returns an error if it can't.
    pub fn check_window_size(&self) -> Result<(), CanvasError> {
        let Some(window) = self.window() else { return Ok(()) };
        render::check_size(&window.gl.functions, window.size())
            .map_err(|e| self.too_large(window.size(), window.samples, &e))
    }

    /// The error for a picture that OpenGL can't draw because of `reason`.
    pub fn too_large(&self, (width, height): (u32, u32), samples: u32, reason: &FramebufferError) -> CanvasError {
        let (renderer, reason) = (self.gl().renderer.renderer.clone(), reason.to_string());
        CanvasError::TooLarge { width, height, samples, renderer, reason }
    }
}
