//! The chain of attempts that ends with a window and a context: display × config × context, every failure kept.

use super::Gl;
use super::error::{Attempts, CanvasError, Refusal};
use super::x11::XServer;
use super::{vendor, x11::errors as x_errors};
use crate::machine;
use crate::request::{Canvas, Geometry, WindowApi};
use glutin::config::{Api, Config, ConfigSurfaceTypes, ConfigTemplateBuilder};
use glutin::context::{
    ContextApi, ContextAttributes, ContextAttributesBuilder, GlProfile, NotCurrentContext, PossiblyCurrentContext,
    Version,
};
use glutin::display::{Display, DisplayApiPreference, GetGlDisplay};
use glutin::platform::x11::X11GlConfigExt;
use glutin::prelude::*;
use glutin::surface::{Surface, SurfaceAttributesBuilder, WindowSurface};
use raw_window_handle::{HasDisplayHandle, HasWindowHandle};
use std::num::NonZeroU32;
use winit::dpi::{PhysicalPosition, PhysicalSize};
use winit::event_loop::ActiveEventLoop;
use winit::platform::x11::{WindowAttributesExtX11, register_xlib_error_hook};
use winit::window::{Fullscreen, WindowAttributes};

/// What the chain of attempts ends with.
pub struct Opened {
    /// What is drawn into.
    pub surface: Surface<WindowSurface>,
    /// What draws; it is current.
    pub context: PossiblyCurrentContext,
    /// The window, still hidden.
    pub window: winit::window::Window,
    /// The context's functions and names.
    pub gl: Gl,
    pub api: WindowApi,
    /// The visual's ID.
    pub visual: u64,
    /// Samples a pixel.
    pub samples: u32,
}

/// Depth bits asked for. The gears are 30 to 50 units away; 16 bits tell 0.007 units apart there.
const DEPTH_BITS: u8 = 16;

/// Configs tried on each display. Where a driver is broken, all of its hundred configs fail alike.
const CONFIGS_TRIED: usize = 8;

/// Walks display × config × context.
///
/// # Errors
/// All that was tried, where nothing worked.
pub fn open(event_loop: &ActiveEventLoop, server: &XServer, request: &Canvas) -> Result<Opened, CanvasError> {
    x_errors::keep_from_winit();
    let mut attempts = Attempts::default();
    let displays: [(WindowApi, &str, DisplayApiPreference); 2] = [
        (
            WindowApi::Glx,
            "libGL.so.1", // Without the hook, an X error while a context is made would end the process.
            DisplayApiPreference::Glx(Box::new(register_xlib_error_hook)),
        ),
        (WindowApi::Egl, "libEGL.so.1", DisplayApiPreference::Egl),
    ];
    let allowed = displays.into_iter().filter(|(api, ..)| request.window_api.is_none_or(|only| only == *api));
    for (api, library, preference) in allowed {
        // glutin says only "not found"; the linker says what.
        if let Err(reason) = machine::load_library(library) {
            attempts.add(api.name(), reason);
            continue;
        }
        let configs = match configs(event_loop, preference, request) {
            Ok(configs) => configs,
            Err(reason) => {
                attempts.add(api.name(), reason);
                continue;
            }
        };
        for config in configs.into_iter().take(CONFIGS_TRIED) {
            match open_with(event_loop, server, request, &config) {
                Ok((surface, context, window, gl, visual)) => {
                    let samples = u32::from(config.num_samples());
                    return Ok(Opened { surface, context, window, gl, api, visual, samples });
                }
                Err(refusal) => attempts.add_refusal(api.name(), refusal),
            }
        }
    }
    let wanted = ["a window with OpenGL 3.3"]
        .into_iter()
        .map(str::to_owned)
        .chain((request.samples > 0).then(|| format!("{} samples a pixel (--samples)", request.samples)))
        .chain(request.stereo.then(|| "stereo (--stereo)".into()))
        .chain(request.srgb.then(|| "sRGB (--srgb)".into()))
        .collect::<Vec<_>>()
        .join(" and ");
    let advice = if let Some(advice) = vendor::advice_if_too_old(&attempts) {
        advice
    } else if request.stereo || request.samples > 0 || request.srgb {
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
    Err(CanvasError::NoWindow { wanted, display: server.display.clone(), attempts, advice })
}

/// The configs of one display that will do, best first.
#[expect(unsafe_code)]
fn configs(
    event_loop: &ActiveEventLoop,
    preference: DisplayApiPreference,
    request: &Canvas,
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
    if request.samples > 0 {
        // glutin takes powers of two only (and panics at others, in debug builds). More than was asked for will do.
        template = template.with_multisampling(request.samples.next_power_of_two());
    }
    if request.stereo {
        if is_egl {
            return Err("EGL knows no stereo windows".into());
        }
        template = template.with_stereoscopy(Some(true));
    }
    // SAFETY: the template holds no native window.
    let found = unsafe { display.find_configs(template.build()) };
    let mut configs: Vec<Config> = found.map_err(|e| format!("no config will do ({e})"))?.collect();
    // An unset number of samples does not exclude multisampling, so the order has to.
    configs.retain(|config| !request.srgb || config.srgb_capable());
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

/// The context that the gears need.
pub fn wanted_context() -> ContextAttributes {
    let api = ContextApi::OpenGl(Some(Version::new(3, 3)));
    ContextAttributesBuilder::new().with_context_api(api).with_profile(GlProfile::Core).build(None)
}

/// The context of whatever version a driver offers (who asks for 1.0 gets the highest that is compatible with it): only
/// there does a driver that refuses the other one tell its version.
pub fn any_context() -> ContextAttributes {
    let api = ContextApi::OpenGl(Some(Version::new(1, 0)));
    ContextAttributesBuilder::new().with_context_api(api).with_profile(GlProfile::Compatibility).build(None)
}

type Parts = (Surface<WindowSurface>, PossiblyCurrentContext, winit::window::Window, Gl, u64);

/// Context, window and surface for one config.
#[expect(unsafe_code)]
fn open_with(
    event_loop: &ActiveEventLoop,
    server: &XServer,
    request: &Canvas,
    config: &Config,
) -> Result<Parts, Refusal> {
    let display = config.display();
    let visual = config.x11_visual().ok_or("the config has no visual")?.visual_id();
    // SAFETY: no native window is passed.
    let create = |attributes| unsafe { display.create_context(config, &attributes) };
    let (context, refused): (NotCurrentContext, _) = match create(wanted_context()) {
        Ok(context) => (context, None),
        Err(e) => {
            let refused = Refusal::Other(format!("no OpenGL 3.3 context ({e})"));
            (create(any_context()).map_err(|_| refused.clone())?, Some(refused))
        }
    };
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
    let gl = Gl::of_current_context(|name| display.get_proc_address(name))?;
    if let Some(refused) = refused {
        return Err(refused);
    }
    Ok((surface, context, window, gl, visual))
}

fn window_attributes(server: &XServer, request: &Canvas) -> WindowAttributes {
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
            // Nobody is there who would act on a wish for the full screen.
            attributes.with_override_redirect(true)
        };
    }
    let (width, height) = request.size();
    let attributes = attributes.with_inner_size(PhysicalSize::new(width, height));
    let Geometry { offset: Some((x, y)), .. } = request.geometry else { return attributes };
    attributes
        .with_position(PhysicalPosition::new(x.resolve(screen_width, width), y.resolve(screen_height, height)))
}
