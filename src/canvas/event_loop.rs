//! winit's event loop on an X server, and what must be set in the environment before it connects.

use super::error::CanvasError;
use super::x11::{NoAnswer, XServer};
use crate::machine::DisplayName;
use std::time::Duration;
use winit::application::ApplicationHandler;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::platform::pump_events::EventLoopExtPumpEvents;
use winit::platform::x11::EventLoopBuilderExtX11;
use winit::window::WindowId;

/// No window opens, though the server answers.
pub fn no_window(server: &XServer, reason: &str) -> CanvasError {
    CanvasError::NoConnection { display: server.display.clone(), reason: NoAnswer::Toolkit(reason.into()) }
}

/// winit's event loop. A process can only have one.
pub fn event_loop(server: &XServer) -> Result<EventLoop<()>, CanvasError> {
    // winit offers no other way to name the server.
    set_environment(&canonical(&server.display));
    let events = EventLoop::builder().with_x11().build().map_err(|e| no_window(server, &e.to_string()))?;
    events.set_control_flow(ControlFlow::Wait);
    Ok(events)
}

/// What `make` returns. winit only creates windows inside its loop.
pub fn inside<T>(
    server: &XServer,
    events: &mut EventLoop<()>,
    make: impl FnMut(&ActiveEventLoop) -> Result<T, CanvasError>,
) -> Result<T, CanvasError> {
    let mut opening = Opening { make, outcome: None };
    // The first iteration calls `resumed`, and each later one `new_events`.
    events.pump_app_events(Some(Duration::ZERO), &mut opening);
    opening.outcome.unwrap_or_else(|| Err(no_window(server, "winit's event loop did not start")))
}

/// The name in a form that every release of libxcb accepts; unchanged if it isn't a display's name.
fn canonical(display: &str) -> String {
    DisplayName::parse(display).map_or_else(|| display.to_owned(), |name| name.canonical())
}

/// Sets what winit and Xlib only read from the environment.
#[expect(unsafe_code)]
fn set_environment(display: &str) {
    // SAFETY: no other thread of this process exists yet that reads the environment: winit and GL are loaded after this.
    unsafe {
        std::env::set_var("DISPLAY", display);
        // Nobody types accents here, and reading a locale's compose table would add 8 ms and 0.7 MB to the start.
        if let Some(file) = no_compose_sequences() {
            std::env::set_var("XCOMPOSEFILE", file);
        }
    }
}

/// The name of a file with an empty compose table. The file isn't in any folder, and exists as long as the process.
/// (libxkbcommon complains on standard error if it has no content at all.)
#[expect(unsafe_code)]
fn no_compose_sequences() -> Option<String> {
    let text = b"# none\n";
    // SAFETY: the name is a C string, the buffer is as long as it is said to be, and the descriptor stays open.
    unsafe {
        let file = libc::memfd_create(c"compose".as_ptr(), libc::MFD_CLOEXEC);
        let is_written = file >= 0 && libc::write(file, text.as_ptr().cast(), text.len()) == text.len() as isize;
        is_written.then(|| format!("/proc/self/fd/{file}"))
    }
}

/// winit's callbacks while the window is opened.
struct Opening<T, F> {
    make: F,
    outcome: Option<Result<T, CanvasError>>,
}

impl<T, F: FnMut(&ActiveEventLoop) -> Result<T, CanvasError>> ApplicationHandler for Opening<T, F> {
    fn resumed(&mut self, _: &ActiveEventLoop) {}

    fn new_events(&mut self, event_loop: &ActiveEventLoop, _: StartCause) {
        if self.outcome.is_none() {
            self.outcome = Some((self.make)(event_loop));
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
}
