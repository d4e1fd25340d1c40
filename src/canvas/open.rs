//! Opens a window with a context: tries version × display × config, and keeps every failure.

use super::Gl;
use super::error::{Attempts, CanvasError, Refusal};
use super::version::{Version, needed, versions};
use super::x11::{XServer, errors as x_errors};
use crate::machine;
use crate::request::{Canvas, Geometry, WindowApi};
use glutin::config::{Api, Config, ConfigSurfaceTypes, ConfigTemplateBuilder};
use glutin::context::PossiblyCurrentContext;
use glutin::display::{Display, DisplayApiPreference, GetGlDisplay};
use glutin::platform::x11::X11GlConfigExt;
use glutin::prelude::*;
use glutin::surface::{Surface, SurfaceAttributesBuilder, WindowSurface};
use raw_window_handle::{HasDisplayHandle, HasWindowHandle};
use std::ffi::CStr;
use std::num::NonZeroU32;
use winit::dpi::{PhysicalPosition, PhysicalSize};
use winit::event_loop::ActiveEventLoop;
use winit::platform::x11::{WindowAttributesExtX11, register_xlib_error_hook};
use winit::window::{Fullscreen, WindowAttributes};

/// The result of the attempts.
pub struct Opened {
    pub surface: Surface<WindowSurface>,
    /// Current.
    pub context: PossiblyCurrentContext,
    /// Still hidden.
    pub window: winit::window::Window,
    pub gl: Gl,
    pub api: WindowApi,
    pub visual: u64,
    /// Samples per pixel.
    pub samples: u32,
}

/// Requested depth bits. The gears are 30 to 50 units away, where 16 bits distinguish 0.007 units.
const DEPTH_BITS: u8 = 16;

/// Configs tried on each display. If a driver is broken, all of its hundred configs fail alike.
const CONFIGS_TRIED: usize = 8;

/// A display to open a window on, and the configs that it has.
struct Way {
    api: WindowApi,
    library: &'static str,
    preference: DisplayApiPreference,
    /// `None`: not opened yet.
    display: Option<Result<Display, String>>,
    /// By what they must be able to do.
    configs: Vec<(Api, Result<Vec<Config>, String>)>,
}

impl Way {
    fn all() -> [Way; 2] {
        let way = |api, library, preference| Way { api, library, preference, display: None, configs: Vec::new() };
        // Without the hook, an X error while a context is made would end the process.
        let glx = DisplayApiPreference::Glx(Box::new(register_xlib_error_hook));
        [way(WindowApi::Glx, "libGL.so.1", glx), way(WindowApi::Egl, "libEGL.so.1", DisplayApiPreference::Egl)]
    }

    /// The suitable configs, best first.
    fn configs(
        &mut self,
        event_loop: &ActiveEventLoop,
        wanted: Api,
        request: &Canvas,
    ) -> Result<Vec<Config>, String> {
        if let Some((_, known)) = self.configs.iter().find(|(api, _)| *api == wanted) {
            return known.clone();
        }
        let display = self.display.take().unwrap_or_else(|| self.open_display(event_loop));
        self.display = Some(display.clone());
        let found = display.and_then(|display| configs(&display, wanted, request));
        self.configs.push((wanted, found.clone()));
        found
    }

    #[expect(unsafe_code)]
    fn open_display(&mut self, event_loop: &ActiveEventLoop) -> Result<Display, String> {
        // glutin only says "not found"; the linker says what.
        machine::load_library(self.library)?;
        let handle = event_loop.display_handle().map_err(|e| e.to_string())?.as_raw();
        let preference = std::mem::replace(&mut self.preference, DisplayApiPreference::Egl);
        // SAFETY: winit's display connection is open, and stays so for as long as the event loop.
        unsafe { Display::new(handle, preference) }.map_err(|e| format!("no display ({e})"))
    }
}

/// Tries version × display × config.
///
/// # Errors
/// If nothing works, returns everything that was tried.
pub fn open(event_loop: &ActiveEventLoop, server: &XServer, request: &Canvas) -> Result<Opened, CanvasError> {
    x_errors::keep_from_winit();
    let mut attempts = Attempts::default();
    let mut ways = Way::all();
    for version in versions(request.gl_api) {
        if !version.is_worth_asking(&attempts) {
            break;
        }
        for way in ways.iter_mut().filter(|way| request.window_api.is_none_or(|only| only == way.api)) {
            // Like es2gears.
            if version.is_embedded && way.api == WindowApi::Glx {
                continue;
            }
            let name = way.api.name();
            let configs = match way.configs(event_loop, version.config, request) {
                Ok(configs) => configs,
                Err(reason) => {
                    attempts.add(name, reason);
                    continue;
                }
            };
            for config in configs.into_iter().take(CONFIGS_TRIED) {
                match open_with(event_loop, server, request, version, &config) {
                    Ok((surface, context, window, gl, visual)) => {
                        let samples = u32::from(config.num_samples());
                        return Ok(Opened { surface, context, window, gl, api: way.api, visual, samples });
                    }
                    Err(refusal) => attempts.add_refusal(name, refusal),
                }
            }
        }
    }
    let wanted = [format!("a window with {}", needed(request.gl_api))]
        .into_iter()
        .chain((request.samples > 0).then(|| format!("{} samples per pixel (--samples)", request.samples)))
        .chain(request.stereo.then(|| "stereo (--stereo)".into()))
        .chain(request.srgb.then(|| "sRGB (--srgb)".into()))
        .collect::<Vec<_>>()
        .join(" and ");
    Err(CanvasError::NoWindow { wanted, display: server.display.clone(), attempts })
}

/// The suitable configs of one display, best first.
#[expect(unsafe_code)]
fn configs(display: &Display, wanted: Api, request: &Canvas) -> Result<Vec<Config>, String> {
    let mut template = ConfigTemplateBuilder::new()
        .with_surface_type(ConfigSurfaceTypes::WINDOW)
        .with_api(wanted)
        .with_alpha_size(0)
        .with_depth_size(DEPTH_BITS)
        .with_stencil_size(0);
    if request.samples > 0 {
        // glutin only accepts powers of two (in debug builds it panics otherwise). More samples than requested are
        // fine.
        template = template.with_multisampling(request.samples.next_power_of_two());
    }
    if request.stereo {
        if matches!(display, Display::Egl(_)) {
            return Err("EGL does not support stereo windows".into());
        }
        template = template.with_stereoscopy(Some(true));
    }
    // SAFETY: the template holds no native window.
    let found = unsafe { display.find_configs(template.build()) };
    let mut configs: Vec<Config> = found.map_err(|e| format!("no config will do ({e})"))?.collect();
    // An unset number of samples doesn't exclude multisampling; the order must do that.
    configs.retain(|config| !request.srgb || config.srgb_capable());
    if configs.is_empty() {
        return Err("no config will do".into());
    }
    // As few bits as possible, because all of them are cleared and written in every frame. With 16 bits of depth
    // instead of 24, llvmpipe's FPS at 1920x1080 grew by 15 %, and the picture still equals glxgears'. The keys are
    // cached because each needs four calls into GLX, for hundreds of configs.
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
    request: &Canvas,
    version: &Version,
    config: &Config,
) -> Result<Parts, Refusal> {
    let display = config.display();
    let visual = config.x11_visual().ok_or("the config has no visual")?.visual_id();
    // SAFETY: no native window is passed.
    let context = unsafe { display.create_context(config, &version.attributes()) }
        .map_err(|e| Refusal::NoContext { version: version.name, reason: e.to_string() })?;
    let attributes = window_attributes(server, request).with_x11_visual(visual as _);
    let window = event_loop.create_window(attributes).map_err(|e| format!("no window ({e})"))?;
    let handle = window.window_handle().map_err(|e| Refusal::Other(e.to_string()))?.as_raw();
    let size = window.inner_size();
    let side = |pixels: u32| NonZeroU32::new(pixels).unwrap_or(NonZeroU32::MIN);
    let attributes = SurfaceAttributesBuilder::<WindowSurface>::new()
        .with_srgb(request.srgb.then_some(true))
        .build(handle, side(size.width), side(size.height));
    // SAFETY: the window is open, and lives as long as the surface (see the order of `Window`'s fields).
    let surface =
        unsafe { display.create_window_surface(config, &attributes) }.map_err(|e| format!("no surface ({e})"))?;
    let context = context.make_current(&surface).map_err(|e| format!("the context will not draw ({e})"))?;
    let load = |name: &CStr| display.get_proc_address(name);
    let gl = Gl::of_current_context(request.gl_api, load, |can| {
        can.require_window(request.samples.into(), request.stereo, request.srgb)
    });
    match gl {
        Ok(gl) => Ok((surface, context, window, gl, visual)),
        Err(refusal) => {
            // While GLX's context is current, EGL can't make its own current.
            let _ = context.make_not_current();
            Err(refusal)
        }
    }
}

pub(super) fn window_attributes(server: &XServer, request: &Canvas) -> WindowAttributes {
    let attributes = WindowAttributes::default()
        .with_title("rust-gears")
        .with_name("rust-gears", "rust-gears")
        .with_visible(false);
    let (screen_width, screen_height) = server.screen_size;
    if request.fullscreen {
        let attributes = attributes
            .with_inner_size(PhysicalSize::new(screen_width, screen_height))
            .with_position(PhysicalPosition::new(0, 0));
        return if server.has_window_manager() {
            attributes.with_fullscreen(Some(Fullscreen::Borderless(None)))
        } else {
            // Without a window manager, nobody would handle a request for full screen.
            attributes.with_override_redirect(true)
        };
    }
    let (width, height) = request.size();
    let attributes = attributes.with_inner_size(PhysicalSize::new(width, height));
    let Geometry { offset: Some((x, y)), .. } = request.geometry else { return attributes };
    attributes
        .with_position(PhysicalPosition::new(x.resolve(screen_width, width), y.resolve(screen_height, height)))
}
