//! What the stages draw on: one canvas for all of them, so that on-screen and off-screen differ in nothing else.

use crate::canvas::Canvas;
use crate::canvas::{CanvasError, Event, Key};
use crate::error::Error;
use crate::render::Framebuffer;
use crate::request;
use std::rc::Rc;
use std::time::Duration;

/// How long a window may take to appear and get its final size from a window manager.
const SETTLE: Duration = Duration::from_millis(300);

/// Opens what `request` asks for, and waits until the window manager has placed the window.
///
/// # Errors
/// Returns an error that says what is missing.
pub fn open(request: &request::Canvas) -> Result<Canvas, Error> {
    let mut canvas = Canvas::open(request)?;
    while !canvas.events(SETTLE)?.is_empty() {}
    Ok(canvas)
}

/// Handles the window's events. Returns false if the user wants to quit.
///
/// # Errors
/// Returns an error if the window is lost, or if its size changed, because rounds would no longer be alike.
pub fn look_after(canvas: &mut Canvas) -> Result<bool, Error> {
    let size = |canvas: &Canvas| canvas.window().map(|window| window.size());
    let before = size(canvas);
    let events = canvas.events(Duration::ZERO)?;
    if size(canvas) != before {
        return Err(CanvasError::Lost {
            place: "the window".into(),
            reason: "its size changed during the measurement. Don't resize it, or measure with --off-screen"
                .into(),
        }
        .into());
    }
    Ok(!events.iter().any(|event| matches!(event, Event::Closed | Event::Key(Key::Escape))))
}

/// Framebuffers by size.
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
