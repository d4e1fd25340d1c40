//! A window of an X server, with an OpenGL context that draws into it.

use super::Gl;
use super::error::{Attempts, PlatformError};
use super::swap::{self, SwapInterval};
use super::vendor::{self, Progress};
use super::x11::{self, XServer};
use crate::cli::{Geometry, GlVendor, Options};
use crate::renderer::Kind;
use glutin::config::{Api, Config, ConfigSurfaceTypes, ConfigTemplateBuilder};
use glutin::context::{
    ContextApi, ContextAttributesBuilder, GlProfile, NotCurrentContext, PossiblyCurrentContext, Version,
};
use glutin::display::{Display, DisplayApiPreference, GetGlDisplay};
use glutin::platform::x11::X11GlConfigExt;
use glutin::prelude::*;
use glutin::surface::{Surface, SurfaceAttributesBuilder, WindowSurface};
use raw_window_handle::{HasDisplayHandle, HasWindowHandle, RawWindowHandle};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};
use winit::application::ApplicationHandler;
use winit::dpi::{PhysicalPosition, PhysicalSize};
use winit::event::{ElementState, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::keyboard::{Key as WinitKey, NamedKey};
use winit::platform::pump_events::EventLoopExtPumpEvents;
use winit::platform::x11::{EventLoopBuilderExtX11, WindowAttributesExtX11, register_xlib_error_hook};
use winit::window::{Fullscreen, WindowAttributes, WindowId};

/// What happened to the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A key was pressed, or repeats.
    Key(Key),
    /// The window has a new size.
    Resized,
    /// A part of it must be drawn again.
    Exposed,
    /// The user closed it.
    Closed,
}

/// The keys that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Arrow keys.
    Left,
    /// Arrow keys.
    Right,
    /// Arrow keys.
    Up,
    /// Arrow keys.
    Down,
    /// `a`.
    Animate,
    /// Esc.
    Escape,
}

/// A window that is on the screen, and its context, which is current.
pub struct Window {
    // Dropped in this order: what draws before what it draws on.
    surface: Surface<WindowSurface>,
    context: PossiblyCurrentContext,
    window: winit::window::Window,
    events: EventLoop<()>,
    server: XServer,
    has_focus_set: bool,
    /// When events were last looked for.
    looked: Option<Instant>,
    /// The context.
    pub gl: Gl,
    /// The way to it: `GLX` or `EGL`.
    pub api: &'static str,
    /// The visual's ID.
    pub visual: u64,
    /// Samples a pixel; 0: no multisampling.
    pub samples: u32,
    /// What became of the swap interval.
    pub swap_interval: SwapInterval,
    /// What the user must know about the choice, one sentence each.
    pub warnings: Vec<String>,
}

/// How often events are looked for while frames are drawn.
const LOOK_EVERY: Duration = Duration::from_millis(4);

impl Window {
    /// Opens the window that `options` describe on `display`.
    ///
    /// Where the choice of the GL vendor fails, this process is replaced by one that makes the next choice.
    ///
    /// # Errors
    /// What is missing, with everything that was tried.
    pub fn open(display: &str, options: &Options) -> Result<Window, PlatformError> {
        let server = XServer::probe(display)?;
        let progress = Progress::begin(options.gl_vendor, server.has_nv_glx);
        if progress.forces_nvidia()
            && let Err(reason) = x11::load("libGLX_nvidia.so.0")
        {
            progress.give_up(&reason);
        }
        x11::exit_when_server_dies(display);
        match Window::open_as_chosen(server, options) {
            Ok(mut window) => {
                if window.gl.renderer.kind() == Kind::Software && options.gl_vendor != GlVendor::Mesa {
                    let renderer = &window.gl.renderer;
                    progress.give_up(&format!("{} draws", renderer.renderer));
                    let reason = match progress.reasons() {
                        "" => "the environment variable __GLX_VENDOR_LIBRARY_NAME chooses another OpenGL",
                        reasons => reasons,
                    };
                    window.warnings.extend(vendor::software_because(renderer, reason));
                }
                Ok(window)
            }
            Err(error) => {
                let reason = match &error {
                    PlatformError::NoWindow { attempts, .. } => attempts.in_one_line(),
                    other => other.to_string(),
                };
                progress.give_up(&reason);
                Err(error)
            }
        }
    }

    fn open_as_chosen(server: XServer, options: &Options) -> Result<Window, PlatformError> {
        let no_connection = |reason: String| PlatformError::NoConnection {
            display: server.display.clone(),
            reason,
            advice: "To draw without X: --off-screen".into(),
        };
        // winit knows no other way to name the server.
        set_environment(&server.display);
        let mut events = EventLoop::builder().with_x11().build().map_err(|e| no_connection(e.to_string()))?;
        events.set_control_flow(ControlFlow::Wait);
        let mut opening = Opening { server: &server, options, outcome: None };
        // winit hands out windows only inside its loop; its first turn calls `resumed`.
        events.pump_app_events(Some(Duration::ZERO), &mut opening);
        let opened =
            opening.outcome.unwrap_or_else(|| Err(no_connection("winit's event loop did not start".into())))?;
        let Opened { surface, context, window, gl, api, visual, samples } = opened;
        let swap_interval = match surface.display() {
            Display::Glx(display) => swap::set_glx(&display, &surface, options.swap_interval),
            Display::Egl(_) => swap::set_egl(&surface, &context, options.swap_interval),
        };
        window.set_visible(true);
        Ok(Window {
            surface,
            context,
            window,
            events,
            server,
            has_focus_set: false,
            looked: None,
            gl,
            api,
            visual,
            samples,
            swap_interval,
            warnings: Vec::new(),
        })
    }

    /// Everything that happened since the last call; where nothing did, waits for it for as long as `patience`.
    ///
    /// Without patience it looks every few milliseconds only, and finds nothing in between: a turn of winit's loop is
    /// a dozen system calls, 2 % of a frame of 300 µs.
    ///
    /// # Errors
    /// Where the connection to the X server is lost.
    pub fn events(&mut self, patience: Duration) -> Result<Vec<Event>, PlatformError> {
        if patience.is_zero() && self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return Ok(Vec::new());
        }
        self.looked = Some(Instant::now());
        let mut collected = Collecting { events: Vec::new(), window: &self.window };
        let status = self.events.pump_app_events(Some(patience), &mut collected);
        let events = collected.events;
        if let winit::platform::pump_events::PumpStatus::Exit(code) = status {
            return Err(self.lost(&format!("its connection broke (error {code})")));
        }
        if !self.has_focus_set && events.contains(&Event::Exposed) {
            self.has_focus_set = true;
            if let Ok(RawWindowHandle::Xlib(handle)) = self.window.window_handle().map(|h| h.as_raw()) {
                self.server.focus_unless_managed(handle.window as u32);
            }
        }
        if events.contains(&Event::Resized) {
            let (width, height) = self.size();
            if let (Some(width), Some(height)) = (NonZeroU32::new(width), NonZeroU32::new(height)) {
                self.surface.resize(&self.context, width, height);
            }
        }
        Ok(events)
    }

    /// Shows what was drawn.
    ///
    /// # Errors
    /// Where the surface is lost.
    pub fn swap_buffers(&self) -> Result<(), PlatformError> {
        self.surface.swap_buffers(&self.context).map_err(|e| self.lost(&e.to_string()))
    }

    /// Width and height in pixels; at least 1.
    pub fn size(&self) -> (u32, u32) {
        let size = self.window.inner_size();
        (size.width.max(1), size.height.max(1))
    }

    /// Names the window.
    pub fn set_title(&self, title: &str) {
        self.window.set_title(title);
    }

    /// The X server's name.
    pub fn display(&self) -> &str {
        &self.server.display
    }

    /// The X server's refresh rate, in Hz, where it has one.
    pub fn refresh_rate(&self) -> Option<f64> {
        self.server.refresh_rate
    }

    fn lost(&self, reason: &str) -> PlatformError {
        PlatformError::Lost { place: format!("the X server {}", self.server.display), reason: reason.into() }
    }
}

/// Sets what winit and Xlib take from the environment alone.
#[expect(unsafe_code)]
fn set_environment(display: &str) {
    // SAFETY: no thread of this process reads the environment yet: winit and GL are loaded after this.
    unsafe {
        std::env::set_var("DISPLAY", display);
        // Nobody types accents here, and reading a locale's compose table takes 8 ms and 0.7 MB of the start.
        if let Some(file) = no_compose_sequences() {
            std::env::set_var("XCOMPOSEFILE", file);
        }
    }
}

/// The name of a file with a table of no compose sequences. It has no place in any folder, and is there for as long as
/// the process. (An empty one would do, but libxkbcommon complains of it on standard error.)
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
    options: &'a Options,
    outcome: Option<Result<Opened, PlatformError>>,
}

impl ApplicationHandler for Opening<'_> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.outcome = Some(open(event_loop, self.server, self.options));
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
            WindowEvent::KeyboardInput { event, .. } if event.state == ElementState::Pressed => {
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

/// What the chain of attempts ends with.
struct Opened {
    surface: Surface<WindowSurface>,
    context: PossiblyCurrentContext,
    window: winit::window::Window,
    gl: Gl,
    api: &'static str,
    visual: u64,
    samples: u32,
}

/// Depth bits asked for. The gears are 30 to 50 units away; 16 bits tell 0.007 units apart there.
const DEPTH_BITS: u8 = 16;

/// Configs tried on each display. Where a driver is broken, all of its hundred configs fail alike.
const CONFIGS_TRIED: usize = 8;

/// Walks display × config × context, and keeps every failure.
fn open(event_loop: &ActiveEventLoop, server: &XServer, options: &Options) -> Result<Opened, PlatformError> {
    let mut attempts = Attempts::default();
    let displays: [(&'static str, &str, DisplayApiPreference); 2] = [
        (
            "GLX",
            "libGL.so.1", // Without the hook, an X error while a context is made would end the process.
            DisplayApiPreference::Glx(Box::new(register_xlib_error_hook)),
        ),
        ("EGL", "libEGL.so.1", DisplayApiPreference::Egl),
    ];
    for (api, library, preference) in displays {
        // glutin says only "not found"; the linker says what.
        if let Err(reason) = x11::load(library) {
            attempts.add(api, reason);
            continue;
        }
        let configs = match configs(event_loop, preference, options) {
            Ok(configs) => configs,
            Err(reason) => {
                attempts.add(api, reason);
                continue;
            }
        };
        for config in configs.into_iter().take(CONFIGS_TRIED) {
            match open_with(event_loop, server, options, &config) {
                Ok((surface, context, window, gl, visual)) => {
                    let samples = u32::from(config.num_samples());
                    return Ok(Opened { surface, context, window, gl, api, visual, samples });
                }
                Err(reason) => attempts.add(api, reason),
            }
        }
    }
    let wanted = ["a window with OpenGL 3.3"]
        .into_iter()
        .map(str::to_owned)
        .chain((options.samples > 0).then(|| format!("{} samples a pixel (--samples)", options.samples)))
        .chain(options.stereo.then(|| "stereo (--stereo)".into()))
        .chain(options.srgb.then(|| "sRGB (--srgb)".into()))
        .collect::<Vec<_>>()
        .join(" and ");
    let advice = if options.stereo || options.samples > 0 || options.srgb {
        "Ask for less, or draw without the X server's configs: --off-screen".into()
    } else if server.depth < 15 {
        format!(
            "The X server's screen has {} bits a pixel, too few for OpenGL; start it with 24 (Xvfb: -screen 0 \
             1920x1080x24), or draw without it: --off-screen",
            server.depth
        )
    } else {
        vendor::advice_without_driver()
    };
    Err(PlatformError::NoWindow { wanted, display: server.display.clone(), attempts, advice })
}

/// The configs of one display that will do, best first.
#[expect(unsafe_code)]
fn configs(
    event_loop: &ActiveEventLoop,
    preference: DisplayApiPreference,
    options: &Options,
) -> Result<Vec<Config>, String> {
    let handle = event_loop.display_handle().map_err(|e| e.to_string())?.as_raw();
    let is_egl = matches!(preference, DisplayApiPreference::Egl);
    // SAFETY: winit's display connection is open, and stays so for as long as the event loop.
    let display = unsafe { Display::new(handle, preference) }.map_err(|e| format!("no display ({e})"))?;
    let mut template = ConfigTemplateBuilder::new()
        .with_surface_type(ConfigSurfaceTypes::WINDOW)
        .with_api(Api::OPENGL)
        .with_alpha_size(0)
        .with_depth_size(DEPTH_BITS)
        .with_stencil_size(0);
    if options.samples > 0 {
        // glutin takes powers of two only (and panics at others, in debug builds). More than was asked for will do.
        template = template.with_multisampling(options.samples.next_power_of_two());
    }
    if options.stereo {
        if is_egl {
            return Err("EGL knows no stereo windows".into());
        }
        template = template.with_stereoscopy(Some(true));
    }
    // SAFETY: the template holds no native window.
    let found = unsafe { display.find_configs(template.build()) };
    let mut configs: Vec<Config> = found.map_err(|e| format!("no config will do ({e})"))?.collect();
    // An unset number of samples does not exclude multisampling, so the order has to.
    configs.retain(|config| !options.srgb || config.srgb_capable());
    if configs.is_empty() {
        return Err("no config will do".into());
    }
    // As few bits as are needed: all of them are cleared and written every frame. With 16 bits of depth instead of 24,
    // llvmpipe's FPS at 1920x1080 grew by 15 %, and the picture is glxgears' all the same. The keys are cached:
    // every one is four calls into GLX, for hundreds of configs.
    configs.sort_by_cached_key(|c| {
        (c.num_samples(), c.alpha_size(), c.stencil_size(), c.depth_size().abs_diff(DEPTH_BITS))
    });
    Ok(configs)
}

type Parts = (Surface<WindowSurface>, PossiblyCurrentContext, winit::window::Window, Gl, u64);

/// Context, window and surface for one config.
#[expect(unsafe_code)]
fn open_with(
    event_loop: &ActiveEventLoop,
    server: &XServer,
    options: &Options,
    config: &Config,
) -> Result<Parts, String> {
    let display = config.display();
    let visual = config.x11_visual().ok_or("the config has no visual")?.visual_id();
    let attributes = ContextAttributesBuilder::new()
        .with_context_api(ContextApi::OpenGl(Some(Version::new(3, 3))))
        .with_profile(GlProfile::Core)
        .build(None);
    // SAFETY: no native window is passed.
    let context: NotCurrentContext = unsafe { display.create_context(config, &attributes) }
        .map_err(|e| format!("no OpenGL 3.3 context ({e})"))?;
    let attributes = window_attributes(server, options).with_x11_visual(visual as _);
    let window = event_loop.create_window(attributes).map_err(|e| format!("no window ({e})"))?;
    let handle = window.window_handle().map_err(|e| e.to_string())?.as_raw();
    let size = window.inner_size();
    let side = |pixels: u32| NonZeroU32::new(pixels).unwrap_or(NonZeroU32::MIN);
    let attributes = SurfaceAttributesBuilder::<WindowSurface>::new()
        .with_srgb(options.srgb.then_some(true))
        .build(handle, side(size.width), side(size.height));
    // SAFETY: the window is open, and lives as long as the surface (see the order of `Window`'s fields).
    let surface =
        unsafe { display.create_window_surface(config, &attributes) }.map_err(|e| format!("no surface ({e})"))?;
    let context = context.make_current(&surface).map_err(|e| format!("the context will not draw ({e})"))?;
    let gl = Gl::of_current_context(|name| display.get_proc_address(name))?;
    Ok((surface, context, window, gl, visual))
}

fn window_attributes(server: &XServer, options: &Options) -> WindowAttributes {
    let attributes = WindowAttributes::default()
        .with_title("rust-gears")
        .with_name("rust-gears", "rust-gears")
        .with_visible(false);
    let (screen_width, screen_height) = server.screen_size;
    if options.fullscreen {
        let attributes = attributes
            .with_inner_size(PhysicalSize::new(screen_width, screen_height))
            .with_position(PhysicalPosition::new(0, 0));
        return if server.has_window_manager() {
            attributes.with_fullscreen(Some(Fullscreen::Borderless(None)))
        } else {
            // Nobody is there who would act on a wish for the full screen.
            attributes.with_override_redirect(true)
        };
    }
    let (width, height) = options.size;
    let attributes = attributes.with_inner_size(PhysicalSize::new(width, height));
    let Geometry { offset: Some((x, y)), .. } = options.geometry else { return attributes };
    attributes
        .with_position(PhysicalPosition::new(x.resolve(screen_width, width), y.resolve(screen_height, height)))
}
