//! What the stages draw on: one context for all of them, so that on-screen and off-screen differ in nothing else.

use crate::console;
use crate::error::Error;
use crate::platform::{Event, Gl, Key, OffScreen, PlatformError, Window};
use crate::render::{Framebuffer, Functions};
use crate::request::{Canvas, Place};
use crate::session::too_large;
use std::rc::Rc;
use std::time::Duration;

/// A window, or a device without one. Off-screen stages draw into framebuffers of either.
pub enum Surface {
    /// A window of an X server.
    Window(Box<Window>),
    /// An EGL device.
    OffScreen(Box<OffScreen>),
}

/// How long a window may take to be shown and to get its final size from a window manager.
const SETTLE: Duration = Duration::from_millis(300);

impl Surface {
    /// Opens what `request` asks for.
    ///
    /// # Errors
    /// Why that cannot be had.
    pub fn open(request: &Canvas) -> Result<Surface, Error> {
        match &request.place {
            Place::Window { display } => {
                let mut window = Box::new(Window::open(display, request)?);
                while !window.events(SETTLE)?.is_empty() {}
                Ok(Surface::Window(window))
            }
            Place::OffScreen { device, for_want_of_display } => {
                if *for_want_of_display {
                    console::say("DISPLAY is not set, so nothing is measured on-screen");
                }
                Ok(Surface::OffScreen(Box::new(OffScreen::open(device.as_ref(), request.gl_vendor)?)))
            }
        }
    }

    /// The window, where there is one.
    pub fn window(&self) -> Option<&Window> {
        match self {
            Surface::Window(window) => Some(window),
            Surface::OffScreen(_) => None,
        }
    }

    /// The context.
    pub fn gl(&self) -> &Gl {
        match self {
            Surface::Window(window) => &window.gl,
            Surface::OffScreen(screen) => &screen.gl,
        }
    }

    /// The context's functions.
    pub fn functions(&self) -> Functions {
        self.gl().functions.clone()
    }

    /// What the user must know about what was opened.
    pub fn warnings(&self) -> &[String] {
        match self {
            Surface::Window(window) => &window.warnings,
            Surface::OffScreen(screen) => &screen.warnings,
        }
    }

    /// Looks after the window. Returns false where the user wants to end.
    ///
    /// # Errors
    /// Where the window is lost, or its size changed, so that one round is no longer like the other.
    pub fn look_after(&mut self) -> Result<bool, Error> {
        let Surface::Window(window) = self else { return Ok(true) };
        let before = window.size();
        let events = window.events(Duration::ZERO)?;
        if window.size() != before {
            return Err(PlatformError::Lost {
                place: "the window".into(),
                reason: "its size changed while it was measured. Leave it alone, or measure --off-screen".into(),
            }
            .into());
        }
        Ok(!events.iter().any(|event| matches!(event, Event::Closed | Event::Key(Key::Escape))))
    }
}

/// Framebuffers, one a size.
#[derive(Default)]
pub struct Framebuffers(Vec<Rc<Framebuffer>>);

impl Framebuffers {
    /// The framebuffer of this size.
    ///
    /// # Errors
    /// Where the size or the samples are beyond what OpenGL draws.
    pub fn of_size(&mut self, gl: &Gl, size: (u32, u32), samples: u32) -> Result<Rc<Framebuffer>, Error> {
        if let Some(found) = self.0.iter().find(|framebuffer| framebuffer.size() == size) {
            return Ok(found.clone());
        }
        let made =
            Framebuffer::new(&gl.functions, size, samples, false).map_err(|e| too_large(gl, size, samples, &e))?;
        let made = Rc::new(made);
        self.0.push(made.clone());
        Ok(made)
    }
}
