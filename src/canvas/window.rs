//! A window on an X server, with an OpenGL context that draws into it.

use super::Gl;
use super::copy;
use super::error::{Attempts, CanvasError};
use super::event_loop::{event_loop, inside, no_window};
use super::offscreen::OffScreen;
use super::open::{Opened, open, window_attributes};
use super::swap::{self, SwapInterval};
use super::vendor::{Progress, Warning};
use super::x11::{self, XServer};
use crate::machine;
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
use winit::event_loop::{ActiveEventLoop, EventLoop};
use winit::keyboard::{Key as WinitKey, NamedKey};
use winit::platform::pump_events::EventLoopExtPumpEvents;
use winit::platform::x11::WindowAttributesExtX11;
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
    painter: Painter,
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

/// What draws the window's pictures.
enum Painter {
    /// A context of the window, which swaps its buffers.
    Swap { surface: Surface<WindowSurface>, context: PossiblyCurrentContext },
    /// A context on a device, whose frames are copied into the window.
    Copy { _context: glutin::api::egl::context::PossiblyCurrentContext },
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
        x11::exit_when_server_dies(display);
        if let Some(device) = copy::device(&server, request)? {
            let events = event_loop(&server)?;
            return Window::copying(server, events, device, request);
        }
        let progress = Progress::begin(request.gl_vendor, server.has_nv_glx);
        let missing =
            progress.forces_nvidia().then(|| machine::load_library("libGLX_nvidia.so.0").err()).flatten();
        if let Some(reason) = &missing {
            progress.give_up(reason);
        }
        let mut events = event_loop(&server)?;
        match inside(&server, &mut events, |event_loop| open(event_loop, &server, request)) {
            // If the requested vendor's library is missing, libglvnd silently uses another's.
            Ok(opened) if request.gl_vendor == GlVendor::Nvidia && !opened.gl.renderer.is_nvidia() => {
                let instead = format!("{} draws instead", opened.gl.renderer.renderer);
                let mut attempts = Attempts::default();
                attempts.add(opened.api.name(), missing.unwrap_or(instead));
                Err(CanvasError::OtherVendor { display: display.into(), attempts })
            }
            Ok(opened) => {
                let mut warning = None;
                if opened.gl.renderer.kind() == Kind::Software && request.gl_vendor != GlVendor::Mesa {
                    let renderer = &opened.gl.renderer;
                    progress.give_up(&format!("{} draws", renderer.renderer));
                    warning = progress.software_warning(renderer);
                    if copy::may_have_gpu() {
                        // While GLX's context is current, EGL can't make its own current.
                        opened.context.make_not_current_in_place().map_err(|e| lost(&server, &e.to_string()))?;
                        if let Some(device) = copy::device_instead(&server, request, true) {
                            return Window::copying(server, events, device, request);
                        }
                        opened.context.make_current(&opened.surface).map_err(|e| lost(&server, &e.to_string()))?;
                    }
                }
                let mut window = Window::swapping(server, events, opened, request);
                window.warning = warning;
                Ok(window)
            }
            Err(error) => {
                let reason = match &error {
                    CanvasError::NoWindow { attempts, .. } => attempts.in_one_line(),
                    other => other.to_string(),
                };
                progress.give_up(&reason);
                match copy::device_instead(&server, request, false) {
                    Some(device) => Window::copying(server, events, device, request),
                    None => Err(error),
                }
            }
        }
    }

    /// A window whose context draws into it.
    fn swapping(server: XServer, events: EventLoop<()>, opened: Opened, request: &Canvas) -> Window {
        let Opened { surface, context, window, gl, api, visual, samples } = opened;
        let swap_interval = match surface.display() {
            Display::Glx(display) => swap::set_glx(&display, &surface, request.swap_interval),
            Display::Egl(_) => swap::set_egl(&surface, &context, request.swap_interval),
        };
        Window {
            painter: Painter::Swap { surface, context },
            window,
            events,
            server,
            focus: Focus::AwaitsShowing,
            follows_screen: false,
            polled: None,
            gl,
            api,
            visual,
            samples,
            swap_interval,
            warning: None,
        }
        .show(request)
    }

    /// A window that shows what `device` draws.
    fn copying(
        server: XServer,
        mut events: EventLoop<()>,
        device: OffScreen,
        request: &Canvas,
    ) -> Result<Window, CanvasError> {
        let visual = server.root_visual();
        let window = inside(&server, &mut events, |event_loop| {
            let attributes = window_attributes(&server, request).with_x11_visual(visual);
            event_loop.create_window(attributes).map_err(|e| no_window(&server, &e.to_string()))
        })?;
        let OffScreen { gl, warning, context, .. } = device;
        let window = Window {
            painter: Painter::Copy { _context: context },
            window,
            events,
            server,
            focus: Focus::AwaitsShowing,
            follows_screen: false,
            polled: None,
            gl,
            api: WindowApi::Egl,
            visual: visual.into(),
            samples: 0,
            swap_interval: SwapInterval::of_copies(request.swap_interval),
            warning,
        };
        Ok(window.show(request))
    }

    fn show(mut self, request: &Canvas) -> Window {
        self.window.set_visible(true);
        self.follows_screen = request.fullscreen && !self.server.has_window_manager();
        if self.follows_screen {
            self.server.watch_screen_size();
        }
        self
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
            self.server.focus_unless_managed(self.id());
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
            return Err(lost(&self.server, &format!("its connection broke (error {code})")));
        }
        if self.focus == Focus::AwaitsShowing && events.contains(&Event::Exposed) {
            self.focus = Focus::IsDue;
        }
        if events.contains(&Event::Resized) {
            let (width, height) = self.size();
            if let (Painter::Swap { surface, context }, Some(width), Some(height)) =
                (&self.painter, NonZeroU32::new(width), NonZeroU32::new(height))
            {
                surface.resize(context, width, height);
            }
        }
        Ok(events)
    }

    /// Presents what was drawn.
    ///
    /// # Errors
    /// Returns an error if the surface is lost.
    pub fn swap_buffers(&self) -> Result<(), CanvasError> {
        let Painter::Swap { surface, context } = &self.painter else { return Ok(()) };
        surface.swap_buffers(context).map_err(|e| lost(&self.server, &e.to_string()))
    }

    /// Whether its frames are copied into it, not swapped.
    pub fn is_copied(&self) -> bool {
        matches!(self.painter, Painter::Copy { .. })
    }

    /// The X server's number for it.
    pub(super) fn id(&self) -> u32 {
        match self.window.window_handle().map(|handle| handle.as_raw()) {
            Ok(RawWindowHandle::Xlib(handle)) => handle.window as u32,
            _ => 0,
        }
    }

    /// Width and height in pixels, at least 1.
    pub fn size(&self) -> (u32, u32) {
        let size = self.window.inner_size();
        (size.width.max(1), size.height.max(1))
    }

    /// Raises the window above the others, if the window manager allows it.
    pub fn raise(&self) {
        self.server.raise(self.id());
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
}

fn lost(server: &XServer, reason: &str) -> CanvasError {
    CanvasError::Lost { place: format!("the X server {}", server.display), reason: reason.into() }
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
