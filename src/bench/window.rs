//! The canvas of the benchmark, if it is a window: it has to keep its size while it is measured.

use crate::canvas::{Canvas, CanvasError, Event, Key};
use crate::error::Error;
use crate::request;
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
pub fn handle_events(canvas: &mut Canvas) -> Result<bool, Error> {
    let size = |canvas: &Canvas| canvas.window().map(|window| window.size());
    let before = size(canvas);
    let events = canvas.events(Duration::ZERO)?;
    if size(canvas) != before {
        return Err(CanvasError::Resized.into());
    }
    Ok(!events.iter().any(|event| matches!(event, Event::Closed | Event::Key(Key::Escape))))
}
