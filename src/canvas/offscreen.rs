//! Drawing without an X server, on an EGL device.

use super::Gl;
use super::device::{Device, devices};
use super::error::{Attempts, CanvasError, Refusal};
use super::vendor::{self, Warning};
use super::version::{Version, versions};
use crate::renderer::Kind;
use crate::request::{Canvas, DeviceSelector, GlVendor};
use glutin::api::egl::context::PossiblyCurrentContext;
use glutin::api::egl::display::Display;
use glutin::config::{ConfigSurfaceTypes, ConfigTemplateBuilder};
use glutin::display::GlDisplay;
use std::ffi::CStr;

/// A current context on an EGL device. It has no surface; draw into a framebuffer object.
pub struct OffScreen {
    pub gl: Gl,
    pub device: Device,
    pub warning: Option<Warning>,
    /// Draws as long as it lives.
    pub(super) context: PossiblyCurrentContext,
}

impl OffScreen {
    /// Opens the device that `selector` names or, without a selector, the first that draws, GPUs before software.
    ///
    /// # Errors
    /// Returns an error if there is no device, if `selector` matches none, or if none draws.
    pub fn open(selector: Option<&DeviceSelector>, request: &Canvas) -> Result<OffScreen, CanvasError> {
        let all = devices().map_err(|attempts| CanvasError::NoDeviceList { attempts })?;
        if all.is_empty() {
            return Err(CanvasError::NoDevices);
        }
        let chosen = match selector {
            Some(selector) => vec![pick(&all, selector)?],
            None => in_order_of_preference(all, request.gl_vendor)?,
        };
        let mut attempts = Attempts::default();
        for device in chosen {
            match OffScreen::open_device(&device, request) {
                Ok(mut screen) => {
                    let renderer = &screen.gl.renderer;
                    if renderer.kind() == Kind::Software
                        && selector.is_none()
                        && request.gl_vendor != GlVendor::Mesa
                    {
                        screen.warning = vendor::software_beside_nvidia(renderer, &attempts);
                    }
                    return Ok(screen);
                }
                Err(others) => attempts.extend(others),
            }
        }
        Err(CanvasError::NoDevice { attempts })
    }

    /// A current context on `device`, without a surface, of the highest version of OpenGL that can draw what
    /// `request` asks for.
    ///
    /// # Errors
    /// Returns the step that failed, with EGL's words.
    #[expect(unsafe_code)]
    pub fn open_device(device: &Device, request: &Canvas) -> Result<OffScreen, Attempts> {
        let mut attempts = Attempts::default();
        // SAFETY: no native display is passed, so there is none that could be invalid.
        let display = match unsafe { Display::with_device(&device.egl, None) } {
            Ok(display) => display,
            Err(e) => {
                attempts.add(device.label(), format!("no EGL display ({e})"));
                return Err(attempts);
            }
        };
        for version in versions(request.gl_api) {
            if !version.is_worth_asking(&attempts) {
                break;
            }
            match context(&display, version, request) {
                Ok((gl, context)) => {
                    return Ok(OffScreen { gl, device: device.clone(), warning: None, context });
                }
                Err(refusal) => attempts.add_refusal(device.label(), refusal),
            }
        }
        Err(attempts)
    }
}

/// A context of this version, made current.
#[expect(unsafe_code)]
fn context(
    display: &Display,
    version: &Version,
    request: &Canvas,
) -> Result<(Gl, PossiblyCurrentContext), Refusal> {
    // glutin's defaults ask for a window, ES 2 and certain sizes, and find nothing on a device.
    let template = ConfigTemplateBuilder::new()
        .with_surface_type(ConfigSurfaceTypes::empty())
        .with_api(version.config)
        .with_alpha_size(0)
        .with_depth_size(0)
        .with_stencil_size(0)
        .build();
    let family = if version.is_embedded { "OpenGL ES" } else { "OpenGL" };
    // SAFETY: no native window is passed.
    let config = unsafe { display.find_configs(template) }
        .map_err(|e| format!("no config for {family} ({e})"))?
        .next()
        .ok_or_else(|| format!("no config for {family}"))?;
    // SAFETY: as above.
    let context = unsafe { display.create_context(&config, &version.attributes()) }
        .map_err(|e| Refusal::NoContext { version: version.name, reason: e.to_string() })?;
    let context = context.make_current_surfaceless().map_err(|e| format!("no context without a surface ({e})"))?;
    let load = |name: &CStr| display.get_proc_address(name);
    let (samples, srgb) = (request.samples.into(), request.srgb);
    let gl = Gl::of_current_context(request.gl_api, load, |can| can.require_off_screen(samples, srgb))?;
    Ok((gl, context))
}

/// The one device that matches `selector`.
fn pick(all: &[Device], selector: &DeviceSelector) -> Result<Device, CanvasError> {
    let found = all.iter().find(|device| device.is(selector)).cloned();
    found.ok_or_else(|| CanvasError::NoSuchDevice { there: all.iter().map(Device::label).collect() })
}

/// The devices worth trying: GPUs first, otherwise in EGL's order.
fn in_order_of_preference(mut all: Vec<Device>, vendor: GlVendor) -> Result<Vec<Device>, CanvasError> {
    match vendor {
        GlVendor::Auto => {}
        GlVendor::Nvidia => all.retain(|device| device.is_nvidia),
        GlVendor::Mesa => all.retain(|device| !device.is_nvidia),
    }
    if all.is_empty() {
        return Err(CanvasError::NoDeviceOfVendor);
    }
    all.sort_by_key(|device| device.is_software);
    Ok(all)
}
