//! A window on an X server, with an OpenGL context that draws into it.

use super::Gl;
use super::error::{Attempts, CanvasError};
use super::open::{Opened, open};
use super::swap::{self, SwapInterval};
use super::vendor::{Progress, Warning};
use super::x11::{self, NoAnswer, XServer};
use crate::machine::{self, DisplayName};
use crate::renderer::Kind;
use crate::request::{Canvas, GlVendor, WindowApi};
use glutin::context::PossiblyCurrentContext;
use glutin::display::{Display, GetGlDisplay};
use glutin::prelude::*;
use glutin::surface::{Surface, WindowSurface};
use raw_window_handle::{HasWindowHandle, RawWindowHandle};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::event::{ElementState, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::keyboard::{Key as WinitKey, NamedKey};
use winit::platform::pump_events::EventLoopExtPumpEvents;
use winit::platform::x11::EventLoopBuilderExtX11;
use winit::window::WindowId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A key was pressed, or repeats.
    Key(Key),
    /// The window has a new size.
    Resized,
    /// A part of it must be redrawn.
    Exposed,
    /// The user closed it.
    Closed,
}

/// The keys that have a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Left,
    Right,
    Up,
    Down,
    Animate,
    Escape,
}

/// A window and its context, which is current.
pub struct Window {
    // Fields are dropped in this order: what draws before what it draws on.
    surface: Surface<WindowSurface>,
    context: PossiblyCurrentContext,
    window: winit::window::Window,
    events: EventLoop<()>,
    server: XServer,
    focus: Focus,
    /// It fills the screen, and nobody else resizes it if the screen's size changes.
    follows_screen: bool,
    /// When events were last polled.
    polled: Option<Instant>,
    pub gl: Gl,
    pub api: WindowApi,
    pub visual: u64,
    /// Samples per pixel; 0 means no multisampling.
    pub samples: u32,
    pub swap_interval: SwapInterval,
    pub warning: Option<Warning>,
}

/// Keyboard focus is requested one poll after the window first appears, so that the first frame doesn't wait for the
/// X server. (Without a window manager, keys typed before that are lost.)
#[derive(Clone, Copy, PartialEq, Eq)]
enum Focus {
    AwaitsShowing,
    IsDue,
    IsCaredFor,
}

/// How often events are polled while frames are drawn.
const POLL_INTERVAL: Duration = Duration::from_millis(4);

impl Window {
    /// Opens the window that `request` describes on `display`.
    ///
    /// If the chosen GL vendor fails, this process is replaced by one that tries the next.
    ///
    /// # Errors
    /// Returns an error that says what is missing, with everything that was tried.
    pub fn open(display: &str, request: &Canvas) -> Result<Window, CanvasError> {
        let server = XServer::probe(display)?;
        let progress = Progress::begin(request.gl_vendor, server.has_nv_glx);
        let missing =
            progress.forces_nvidia().then(|| machine::load_library("libGLX_nvidia.so.0").err()).flatten();
        if let Some(reason) = &missing {
            progress.give_up(reason);
        }
        x11::exit_when_server_dies(display);
        match Window::open_as_chosen(server, request) {
            // If the requested vendor's library is missing, libglvnd silently uses another's.
            Ok(window) if request.gl_vendor == GlVendor::Nvidia && !window.gl.renderer.is_nvidia() => {
                let instead = format!("{} draws instead", window.gl.renderer.renderer);
                let mut attempts = Attempts::default();
                attempts.add(window.api.name(), missing.unwrap_or(instead));
                Err(CanvasError::OtherVendor { display: display.into(), attempts })
            }
            Ok(mut window) => {
                if window.gl.renderer.kind() == Kind::Software && request.gl_vendor != GlVendor::Mesa {
                    let renderer = &window.gl.renderer;
                    progress.give_up(&format!("{} draws", renderer.renderer));
                    window.warning = progress.software_warning(renderer);
                }
                Ok(window)
            }
            Err(error) => {
                let reason = match &error {
                    CanvasError::NoWindow { attempts, .. } => attempts.in_one_line(),
                    other => other.to_string(),
                };
                progress.give_up(&reason);
                Err(error)
            }
        }
    }

    fn open_as_chosen(server: XServer, request: &Canvas) -> Result<Window, CanvasError> {
        let no_connection = |reason: String| CanvasError::NoConnection {
            display: server.display.clone(),
            reason: NoAnswer::Toolkit(reason),
        };
        // winit offers no other way to name the server.
        set_environment(&canonical(&server.display));
        let mut events = EventLoop::builder().with_x11().build().map_err(|e| no_connection(e.to_string()))?;
        events.set_control_flow(ControlFlow::Wait);
        let mut opening = Opening { server: &server, request, outcome: None };
        // winit only creates windows inside its loop; the first iteration calls `resumed`.
        events.pump_app_events(Some(Duration::ZERO), &mut opening);
        let opened =
            opening.outcome.unwrap_or_else(|| Err(no_connection("winit's event loop did not start".into())))?;
        let Opened { surface, context, window, gl, api, visual, samples } = opened;
        let swap_interval = match surface.display() {
            Display::Glx(display) => swap::set_glx(&display, &surface, request.swap_interval),
            Display::Egl(_) => swap::set_egl(&surface, &context, request.swap_interval),
        };
        window.set_visible(true);
        let follows_screen = request.fullscreen && !server.has_window_manager();
        if follows_screen {
            server.watch_screen_size();
        }
        Ok(Window {
            surface,
            context,
            window,
            events,
            server,
            focus: Focus::AwaitsShowing,
            follows_screen,
            polled: None,
            gl,
            api,
            visual,
            samples,
            swap_interval,
            warning: None,
        })
    }

    /// Events since the last call. If there are none, waits for them for up to `patience`.
    ///
    /// With a patience of zero it polls only every few milliseconds and finds nothing in between: an iteration of
    /// winit's loop makes a dozen system calls, 2 % of a frame of 300 µs.
    ///
    /// # Errors
    /// Returns an error if the connection to the X server is lost.
    pub fn events(&mut self, patience: Duration) -> Result<Vec<Event>, CanvasError> {
        if patience.is_zero() && self.polled.is_some_and(|polled| polled.elapsed() < POLL_INTERVAL) {
            return Ok(Vec::new());
        }
        self.polled = Some(Instant::now());
        if self.focus == Focus::IsDue {
            self.focus = Focus::IsCaredFor;
            if let Ok(RawWindowHandle::Xlib(handle)) = self.window.window_handle().map(|h| h.as_raw()) {
                self.server.focus_unless_managed(handle.window as u32);
            }
        }
        if self.follows_screen
            && let Some((width, height)) = self.server.new_screen_size()
        {
            // The answer arrives as an event of the window.
            let _ = self.window.request_inner_size(PhysicalSize::new(width, height));
        }
        let mut collected = Collecting { events: Vec::new(), window: &self.window };
        let status = self.events.pump_app_events(Some(patience), &mut collected);
        let events = collected.events;
        if let winit::platform::pump_events::PumpStatus::Exit(code) = status {
            return Err(self.lost(&format!("its connection broke (error {code})")));
        }
        if self.focus == Focus::AwaitsShowing && events.contains(&Event::Exposed) {
            self.focus = Focus::IsDue;
        }
        if events.contains(&Event::Resized) {
            let (width, height) = self.size();
            if let (Some(width), Some(height)) = (NonZeroU32::new(width), NonZeroU32::new(height)) {
                self.surface.resize(&self.context, width, height);
            }
        }
        Ok(events)
    }

    /// Presents what was drawn.
    ///
    /// # Errors
    /// Returns an error if the surface is lost.
    pub fn swap_buffers(&self) -> Result<(), CanvasError> {
        self.surface.swap_buffers(&self.context).map_err(|e| self.lost(&e.to_string()))
    }

    /// Width and height in pixels, at least 1.
    pub fn size(&self) -> (u32, u32) {
        let size = self.window.inner_size();
        (size.width.max(1), size.height.max(1))
    }

    /// Raises the window above the others, if the window manager allows it.
    pub fn raise(&self) {
        if let Ok(RawWindowHandle::Xlib(handle)) = self.window.window_handle().map(|h| h.as_raw()) {
            self.server.raise(handle.window as u32);
        }
    }

    pub fn set_title(&self, title: &str) {
        self.window.set_title(title);
    }

    pub fn display(&self) -> &str {
        &self.server.display
    }

    /// The X server's refresh rate in Hz, if it has one.
    pub fn refresh_rate(&self) -> Option<f64> {
        self.server.refresh_rate()
    }

    fn lost(&self, reason: &str) -> CanvasError {
        CanvasError::Lost { place: format!("the X server {}", self.server.display), reason: reason.into() }
    }
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
struct Opening<'a> {
    server: &'a XServer,
    request: &'a Canvas,
    outcome: Option<Result<Opened, CanvasError>>,
}

impl ApplicationHandler for Opening<'_> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.outcome = Some(open(event_loop, self.server, self.request));
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
}

/// winit's callbacks while the gears turn.
struct Collecting<'a> {
    events: Vec<Event>,
    window: &'a winit::window::Window,
}

impl ApplicationHandler for Collecting<'_> {
    fn resumed(&mut self, _: &ActiveEventLoop) {}

    fn window_event(&mut self, _: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        if id != self.window.id() {
            return;
        }
        self.events.extend(match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => Some(Event::Closed),
            WindowEvent::Resized(_) => Some(Event::Resized),
            WindowEvent::RedrawRequested => Some(Event::Exposed),
            // When the window gets the focus, winit synthesises presses of keys that are down; the real press
            // arrives, too.
            WindowEvent::KeyboardInput { event, is_synthetic: false, .. }
                if event.state == ElementState::Pressed =>
            {
                key(&event.logical_key).map(Event::Key)
            }
            _ => None,
        });
    }
}

fn key(key: &WinitKey) -> Option<Key> {
    Some(match key {
        WinitKey::Named(NamedKey::ArrowLeft) => Key::Left,
        WinitKey::Named(NamedKey::ArrowRight) => Key::Right,
        WinitKey::Named(NamedKey::ArrowUp) => Key::Up,
        WinitKey::Named(NamedKey::ArrowDown) => Key::Down,
        WinitKey::Named(NamedKey::Escape) => Key::Escape,
        WinitKey::Character(text) if text.eq_ignore_ascii_case("a") => Key::Animate,
        _ => return None,
    })
}
