//! Drawing without any X server, on an EGL device.

use super::device::{Device, devices};
use super::error::{Attempts, CanvasError, Refusal};
use super::open::{any_context, wanted_context};
use super::{Gl, vendor};
use crate::renderer::Kind;
use crate::request::{DeviceSelector, GlVendor};
use glutin::api::egl::context::PossiblyCurrentContext;
use glutin::api::egl::display::Display;
use glutin::config::{Api, ConfigSurfaceTypes, ConfigTemplateBuilder};
use glutin::display::GlDisplay;

/// A current context on an EGL device. It has no surface: draw into a framebuffer object.
pub struct OffScreen {
    /// The context.
    pub gl: Gl,
    /// The device it draws on.
    pub device: Device,
    /// What the user must know about the choice, one sentence each.
    pub warnings: Vec<String>,
    _context: PossiblyCurrentContext,
}

impl OffScreen {
    /// Opens the device that `selector` names; without one, the first that draws, GPUs before software.
    ///
    /// # Errors
    /// Where no device is there, none is meant by `selector`, or none draws.
    pub fn open(selector: Option<&DeviceSelector>, vendor: GlVendor) -> Result<OffScreen, CanvasError> {
        let all = devices().map_err(CanvasError::no_device_list)?;
        if all.is_empty() {
            return Err(CanvasError::no_devices());
        }
        let chosen = match selector {
            Some(selector) => vec![pick(&all, selector)?],
            None => in_order_of_preference(all, vendor)?,
        };
        let mut attempts = Attempts::default();
        for device in chosen {
            match OffScreen::open_device(&device) {
                Ok(mut screen) => {
                    let renderer = &screen.gl.renderer;
                    if renderer.kind() == Kind::Software && selector.is_none() && vendor != GlVendor::Mesa {
                        screen.warnings.extend(vendor::software_beside_nvidia(renderer, &attempts));
                    }
                    return Ok(screen);
                }
                Err(refusal) => attempts.add_refusal(device.label(), refusal),
            }
        }
        Err(no_device("no EGL device can be drawn on", attempts))
    }

    /// A current OpenGL 3.3 core context on `device`, without a surface.
    ///
    /// # Errors
    /// Which step failed, and EGL's words.
    #[expect(unsafe_code)]
    pub fn open_device(device: &Device) -> Result<OffScreen, Refusal> {
        // SAFETY: no native display is passed, so there is none that could be invalid.
        let display =
            unsafe { Display::with_device(&device.egl, None) }.map_err(|e| format!("no EGL display ({e})"))?;
        // glutin's defaults ask for a window, ES 2 and sizes of their own, and find nothing on a device.
        let template = ConfigTemplateBuilder::new()
            .with_surface_type(ConfigSurfaceTypes::empty())
            .with_api(Api::OPENGL)
            .with_alpha_size(0)
            .with_depth_size(0)
            .with_stencil_size(0)
            .build();
        // SAFETY: no native window is passed, see above.
        let config = unsafe { display.find_configs(template) }
            .map_err(|e| format!("no config for OpenGL ({e})"))?
            .next()
            .ok_or("no config for OpenGL")?;
        // SAFETY: as above.
        let create = |attributes| unsafe { display.create_context(&config, &attributes) };
        let (context, refused) = match create(wanted_context()) {
            Ok(context) => (context, None),
            Err(e) => {
                let refused = Refusal::Other(format!("no OpenGL 3.3 context ({e})"));
                (create(any_context()).map_err(|_| refused.clone())?, Some(refused))
            }
        };
        let context =
            context.make_current_surfaceless().map_err(|e| format!("no context without a surface ({e})"))?;
        let gl = Gl::of_current_context(|name| display.get_proc_address(name))?;
        if let Some(refused) = refused {
            return Err(refused);
        }
        Ok(OffScreen { gl, device: device.clone(), warnings: Vec::new(), _context: context })
    }
}

impl CanvasError {
    /// EGL does not list its devices.
    pub fn no_device_list(attempts: Attempts) -> CanvasError {
        no_device("no EGL device can be listed", attempts)
    }

    /// EGL lists none.
    pub fn no_devices() -> CanvasError {
        no_device("EGL has no device at all", Attempts::default())
    }
}

/// The one device that `selector` means.
fn pick(all: &[Device], selector: &DeviceSelector) -> Result<Device, CanvasError> {
    all.iter().find(|device| device.is(selector)).cloned().ok_or_else(|| {
        let labels: Vec<String> = all.iter().map(Device::label).collect();
        CanvasError::NoDevice {
            what: "--device names no EGL device that is here".into(),
            attempts: Attempts::default(),
            advice: format!("There is: {}. `rust-gears --list-devices` tells more", labels.join(", ")),
        }
    })
}

/// The devices worth trying, GPUs first, else in EGL's order.
fn in_order_of_preference(mut all: Vec<Device>, vendor: GlVendor) -> Result<Vec<Device>, CanvasError> {
    match vendor {
        GlVendor::Auto => {}
        GlVendor::Nvidia => all.retain(|device| device.is_nvidia),
        GlVendor::Mesa => all.retain(|device| !device.is_nvidia),
    }
    if all.is_empty() {
        return Err(CanvasError::NoDevice {
            what: "no EGL device is of the vendor that --gl-vendor asks for".into(),
            attempts: Attempts::default(),
            advice: vendor::advice_where_asked_for(vendor),
        });
    }
    all.sort_by_key(|device| device.is_software);
    Ok(all)
}

fn no_device(what: &str, attempts: Attempts) -> CanvasError {
    let advice = vendor::advice_if_too_old(&attempts).unwrap_or_else(vendor::advice_without_driver);
    CanvasError::NoDevice { what: what.into(), attempts, advice }
}
