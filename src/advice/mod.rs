//! What to do, written once. The canvas's errors and warnings say what happened; the cause and the fix follow from
//! that here. What doctor's catalogue says as well is in [`texts`], for both.

pub mod texts;

use crate::canvas::{Attempts, CanvasError, NoAnswer, NotNvidia, Refusal, Warning};
use crate::machine::{self, DisplayName, NvidiaOpenGl};
use crate::request::{Canvas, GlApi, GlVendor};
use std::fmt;
use texts::Known;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// `None`: what happened says it.
    pub cause: Option<String>,
    /// What to add to the command line, or to run on the host.
    pub fix: String,
}

impl Advice {
    pub fn new(cause: impl Into<String>, fix: impl Into<String>) -> Advice {
        Advice { cause: Some(cause.into()), fix: fix.into() }
    }

    pub fn fix(fix: impl Into<String>) -> Advice {
        Advice { cause: None, fix: fix.into() }
    }
}

impl From<Known> for Advice {
    fn from(known: Known) -> Advice {
        Advice::new(known.cause, known.fix)
    }
}

/// Lines that follow what happened.
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cause) = &self.cause {
            write!(f, "\n  cause: {cause}")?;
        }
        write!(f, "\n  fix:   {}", self.fix)
    }
}

/// What follows from the error itself; doctor, which looks at the machine, may know better. `request` is what was to
/// be drawn on.
pub fn on_error(error: &CanvasError, request: &Canvas) -> Option<Advice> {
    Some(match error {
        CanvasError::NoConnection { display, reason } => no_connection(display, reason),
        CanvasError::MissingLibrary { package, .. } => texts::window_libraries(&[package]),
        CanvasError::MissingKeyboardData { .. } => texts::NO_KEYBOARD_DATA.into(),
        CanvasError::MissingExtension { .. } => texts::EXTENSIONS_MISSING.into(),
        CanvasError::NoWindow { attempts, .. } => no_window(attempts, request),
        CanvasError::NoDevice { attempts } | CanvasError::NoDeviceList { attempts } => {
            no_device(attempts, request)
        }
        CanvasError::NoDevices => no_opengl(request),
        CanvasError::OtherVendor { .. } | CanvasError::NoDeviceOfVendor => no_vendor(request.gl_vendor),
        CanvasError::NoSuchDevice { .. } => {
            Advice::fix("choose one of these; rust-gears --list-devices tells more")
        }
        CanvasError::CannotCopy { .. } => Advice::fix("remove --present copy"),
        CanvasError::NothingToCopy(error) => {
            let advice = on_error(error, request)?;
            Advice { fix: format!("{}; or remove --present copy", advice.fix), ..advice }
        }
        CanvasError::TooLarge { .. } => Advice::fix("ask for less: --geometry, --samples"),
        CanvasError::Resized => Advice::fix("don't resize the window, or measure with --off-screen"),
        CanvasError::GpuHangs(_) => texts::DRIVER_HANGS.into(),
        CanvasError::Lost { .. } => return None,
    })
}

/// A warning with its advice.
pub fn warning(warning: &Warning) -> String {
    format!("warning: {warning}{}", on_warning(warning))
}

fn on_warning(warning: &Warning) -> Advice {
    match &warning.why {
        NotNvidia::ChosenByEnvironment(vendor) => texts::vendor_variable(vendor),
        NotNvidia::Failed(_) | NotNvidia::NoDevice => nvidia(machine::nvidia_opengl()),
    }
}

fn no_connection(display: &str, reason: &NoAnswer) -> Advice {
    match (reason, DisplayName::parse(display).and_then(|name| name.path)) {
        (NoAnswer::TooManyFiles, _) => Advice::fix(texts::RAISE_FILE_LIMIT),
        (NoAnswer::NoScreen(_), _) => {
            Advice::fix("the screen's number follows the dot in the display's name: leave both out")
        }
        // Observed with 1.15 of Debian 12; 1.17 accepts a path.
        (NoAnswer::Toolkit(_), Some(path)) => Advice::new(
            "older releases of libxcb don't accept a socket's path as a display",
            format!("give the socket a name that they take: ln -s {path} /tmp/.X11-unix/X99, and DISPLAY=:99"),
        ),
        _ => Advice::fix("to draw without X: --off-screen; rust-gears doctor looks for the cause"),
    }
}

fn no_window(attempts: &Attempts, request: &Canvas) -> Advice {
    if let Some(advice) = too_old(attempts) {
        return advice;
    }
    if request.stereo || request.samples > 0 || request.srgb {
        return Advice::fix("ask for less, or draw without the X server's configs: --off-screen");
    }
    no_opengl(request)
}

fn no_device(attempts: &Attempts, request: &Canvas) -> Advice {
    if attempts.has_lack() {
        return Advice::fix("ask for less, or give this machine a driver with a newer OpenGL");
    }
    too_old(attempts).unwrap_or_else(|| no_opengl(request))
}

fn too_old(attempts: &Attempts) -> Option<Advice> {
    let Refusal::TooOld { needed, .. } = attempts.too_old()? else { return None };
    Some(texts::too_old(needed, |name| std::env::var(name).ok()))
}

fn no_opengl(request: &Canvas) -> Advice {
    if request.gl_vendor != GlVendor::Auto {
        return no_vendor(request.gl_vendor);
    }
    if request.gl_api != GlApi::Auto {
        return Advice::fix("remove --gl-api to use whatever OpenGL is here");
    }
    match machine::nvidia_driver_version() {
        Some(_) => nvidia(machine::nvidia_opengl()),
        None => Advice::new(
            "there is no NVIDIA driver here",
            format!("for Intel, AMD and software drawing, {}", texts::INSTALL_MESA),
        ),
    }
}

/// The OpenGL that was asked for is missing.
fn no_vendor(vendor: GlVendor) -> Advice {
    match (vendor, machine::nvidia_driver_version()) {
        (GlVendor::Mesa, _) => {
            Advice::fix(format!("{}; or remove --gl-vendor to use what is here", texts::INSTALL_MESA))
        }
        (_, Some(_)) => nvidia(machine::nvidia_opengl()),
        (_, None) => {
            Advice::new("there is no NVIDIA driver here", "install it, or remove --gl-vendor to use what is here")
        }
    }
}

/// NVIDIA's kernel driver is here, but its OpenGL doesn't draw.
fn nvidia(opengl: NvidiaOpenGl) -> Advice {
    match opengl {
        NvidiaOpenGl::NoDevices => texts::NO_GPU_GIVEN.into(),
        NvidiaOpenGl::NotLoaded { reason } => Advice::new(
            format!("NVIDIA's OpenGL cannot be loaded: {reason}"),
            format!("in a container: {}; on the host: {}", texts::ASK_FOR_GRAPHICS, texts::INSTALL_DRIVER),
        ),
        NvidiaOpenGl::Lacks { package, reason } => Advice::new(
            format!("NVIDIA's OpenGL needs a library on this X server that is missing: {reason}"),
            texts::install(&[package]),
        ),
        NvidiaOpenGl::Complete => Advice::fix(
            "NVIDIA's libraries are all here; rust-gears doctor tries each way to draw, and says what fails",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(needed: &'static str) -> Attempts {
        let mut attempts = Attempts::default();
        let refusal = Refusal::TooOld { needed, renderer: "r".into(), version: "1.4".into() };
        attempts.add_refusal("GLX", refusal);
        attempts
    }

    #[test]
    fn the_narrower_reason_gives_the_advice() {
        let sampled = Canvas { samples: 4, ..Canvas::default() };
        let fix = |attempts: &Attempts, request: &Canvas| no_window(attempts, request).fix;
        let none = Attempts::default();
        assert!(fix(&attempts("OpenGL 2.1"), &sampled).starts_with("update the driver"));
        assert!(fix(&none, &sampled).starts_with("ask for less"));
        assert!(!fix(&none, &Canvas::default()).contains("--gl-"));
        let only_gles = Canvas { gl_api: GlApi::Gles, ..Canvas::default() };
        assert!(fix(&none, &only_gles).contains("--gl-api"));
        let mesa = Canvas { gl_vendor: GlVendor::Mesa, ..only_gles };
        assert!(fix(&none, &mesa).contains("--gl-vendor"));
    }

    #[test]
    fn only_the_variable_of_the_family_that_is_needed_is_blamed() {
        let both = |needed| texts::too_old(needed, |_| Some("1.1".into())).fix;
        assert!(both("OpenGL 2.1 or OpenGL ES 2.0").contains("MESA_GL_VERSION_OVERRIDE=1.1"));
        assert!(both("OpenGL ES 2.0").contains("MESA_GLES_VERSION_OVERRIDE=1.1"));
        let only_gles = |name: &str| name.contains("GLES").then(|| "1.1".to_owned());
        assert!(texts::too_old("OpenGL 2.1", only_gles).fix.starts_with("update the driver"));
        assert!(texts::too_old("OpenGL 2.1 or OpenGL ES 2.0", only_gles).fix.contains("MESA_GLES_"));
    }

    #[test]
    fn each_state_of_nvidias_opengl_has_its_fix() {
        let fix = |opengl| nvidia(opengl).fix;
        let reason = || "words".to_owned();
        assert!(fix(NvidiaOpenGl::NoDevices).contains("--gpus all"));
        assert!(fix(NvidiaOpenGl::NotLoaded { reason: reason() }).contains("NVIDIA_DRIVER_CAPABILITIES"));
        assert!(fix(NvidiaOpenGl::Lacks { package: "libxext6", reason: reason() }).contains("libxext6"));
        assert!(fix(NvidiaOpenGl::Complete).contains("doctor"));
    }

    #[test]
    fn a_path_is_blamed_only_if_the_server_answers() {
        let cause = |display, reason| no_connection(display, &reason).cause.unwrap_or_default();
        assert!(cause("/run/x", NoAnswer::Toolkit("words".into())).contains("libxcb"));
        assert_eq!(cause("/run/x", NoAnswer::NoSocket("/run/x".into())), "");
        assert_eq!(cause(":0", NoAnswer::Toolkit("words".into())), "");
    }
}
