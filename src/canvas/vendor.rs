//! Decides whose OpenGL draws if both NVIDIA's driver and Mesa are there.
//!
//! On an X server that isn't NVIDIA's, libglvnd asks the server, which answers "mesa", and llvmpipe silently draws
//! although a GPU is idle. libglvnd reads its settings only once per process, and another choice therefore needs
//! another process: the program replaces itself (exec), and records in the environment how far it has come.

use super::error::{Attempts, Refusal};
use crate::machine::{self, NVIDIA_GLX_LIBRARIES, nvidia_driver_version};
use crate::renderer::Renderer;
use crate::request::{GlApi, GlVendor};
use std::env;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// libglvnd's variable for the vendor of GLX.
const GLX_VENDOR: &str = "__GLX_VENDOR_LIBRARY_NAME";
/// The step of the plan that this process is at, and why the earlier ones failed.
const STEP: &str = "RUST_GEARS_GL_STEP";
const REASONS: &str = "RUST_GEARS_GL_REASONS";

/// Whose OpenGL draws in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// libglvnd's own choice: what the X server or the environment names.
    Default,
    /// NVIDIA, whatever the X server names.
    Nvidia,
    /// Mesa, whatever the X server names.
    Mesa,
}

/// The facts that determine the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// NVIDIA's kernel driver is loaded, or its devices are here.
    pub has_nvidia_driver: bool,
    /// The X server is NVIDIA's own, in which case libglvnd chooses NVIDIA by itself.
    pub is_nvidia_server: bool,
    /// There is also a GPU that Mesa may draw on.
    pub has_other_gpu: bool,
    /// The user chose with libglvnd's own variable.
    pub is_chosen_by_environment: bool,
}

/// The choices to try in turn. A choice is accepted if it draws in hardware; the last in any case.
pub fn plan(asked: GlVendor, machine: Machine) -> &'static [Choice] {
    use Choice::{Default, Mesa, Nvidia};
    match asked {
        GlVendor::Nvidia => &[Nvidia],
        GlVendor::Mesa => &[Mesa],
        GlVendor::Auto if machine.is_chosen_by_environment || !machine.has_nvidia_driver => &[Default],
        GlVendor::Auto if machine.is_nvidia_server || machine.has_other_gpu => &[Default, Nvidia, Default],
        GlVendor::Auto => &[Nvidia, Default],
    }
}

/// Gathers the facts. `is_nvidia_server` follows from the X server's extensions.
pub fn gather(is_nvidia_server: bool) -> Machine {
    Machine {
        has_nvidia_driver: nvidia_driver_version().is_some(),
        is_nvidia_server,
        has_other_gpu: machine::has_other_gpu(Path::new("/sys/class/drm")),
        is_chosen_by_environment: env::var_os(STEP).is_none() && env::var_os(GLX_VENDOR).is_some(),
    }
}

/// How far this process is in its plan.
#[derive(Debug)]
pub struct Progress {
    plan: &'static [Choice],
    step: usize,
    reasons: String,
}

impl Progress {
    /// Continues the plan where the previous process left it, and sets the environment for this choice. Call this
    /// before any OpenGL library is loaded.
    pub fn begin(asked: GlVendor, is_nvidia_server: bool) -> Progress {
        let plan = plan(asked, gather(is_nvidia_server));
        let step = env::var(STEP).ok().and_then(|s| s.parse().ok()).unwrap_or(0).min(plan.len() - 1);
        let progress = Progress { plan, step, reasons: env::var(REASONS).unwrap_or_default() };
        progress.set_environment();
        progress
    }

    #[expect(unsafe_code)]
    fn set_environment(&self) {
        let variables: &[(&str, &str)] = match self.plan[self.step] {
            Choice::Default => &[],
            // The second only has an effect on machines with two GPUs, where the first fails without it.
            Choice::Nvidia => &[(GLX_VENDOR, "nvidia"), ("__NV_PRIME_RENDER_OFFLOAD", "1")],
            Choice::Mesa => &[(GLX_VENDOR, "mesa")],
        };
        for (name, value) in variables {
            // SAFETY: this process has one thread until winit and GL are loaded, which is after this.
            unsafe { env::set_var(name, value) };
        }
    }

    /// The vendor that libGLX is forced to load, if it is forced.
    pub fn forces_nvidia(&self) -> bool {
        self.plan[self.step] == Choice::Nvidia
    }

    /// The warning if this choice draws in software although NVIDIA's driver is here.
    pub fn software_warning(&self, renderer: &Renderer) -> Option<String> {
        let version = nvidia_driver_version()?;
        Some(match self.reasons.as_str() {
            "" => warning(
                renderer,
                &version,
                "the environment variable __GLX_VENDOR_LIBRARY_NAME chooses another OpenGL",
                "Unset it, or set it to nvidia",
            ),
            reasons => warning(renderer, &version, reasons, &advice_for_nvidia()),
        })
    }

    /// Restarts the program with the next choice of the plan. Returns only if there is none, or if the program can't
    /// be restarted.
    pub fn give_up(&self, reason: &str) {
        if self.step + 1 >= self.plan.len() {
            return;
        }
        let Ok(program) = env::current_exe() else { return };
        let mut command = Command::new(program);
        command.args(env::args_os().skip(1)).env(STEP, (self.step + 1).to_string());
        if self.forces_nvidia() {
            command.env(REASONS, reason).env_remove(GLX_VENDOR).env_remove("__NV_PRIME_RENDER_OFFLOAD");
        }
        crate::signals::end_if_asked();
        // exec returns only if it fails; this process then goes on with what it has.
        let _ = command.exec();
    }
}

/// Why the choices before this process's were rejected; empty if it makes the first.
pub fn earlier_failures() -> String {
    env::var(REASONS).unwrap_or_default()
}

/// Makes a process that is started from this one begin at the first choice.
pub fn forget_vendor_progress(command: &mut Command) {
    command.env_remove(STEP).env_remove(REASONS);
}

/// The warning if software draws although NVIDIA's driver is here; `None` if it isn't here. `attempts`: what was
/// tried before.
pub fn software_beside_nvidia(renderer: &Renderer, attempts: &Attempts) -> Option<String> {
    let version = nvidia_driver_version()?;
    let reason =
        if attempts.is_empty() { "its OpenGL offers no device here".to_owned() } else { attempts.in_one_line() };
    Some(warning(renderer, &version, &reason, &advice_for_nvidia()))
}

fn warning(renderer: &Renderer, version: &str, reason: &str, advice: &str) -> String {
    format!(
        "software draws ({}), although NVIDIA's driver {version} is here: {reason}. {advice}",
        renderer.renderer
    )
}

/// What to do if NVIDIA's kernel driver is here, but its OpenGL is missing.
fn advice_for_nvidia() -> String {
    if !Path::new("/dev/nvidiactl").exists() {
        return "This container was given no GPU: start it with --gpus all, or --device nvidia.com/gpu=all".into();
    }
    let cannot_load = |library: &str| machine::load_library(library).err();
    if let Some(reason) = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"].into_iter().find_map(cannot_load) {
        format!(
            "Its OpenGL cannot be loaded ({reason}): in a container, set \
             NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display; on the host, install the full driver"
        )
    } else if let Some(reason) = NVIDIA_GLX_LIBRARIES.iter().find_map(|(library, _)| cannot_load(library)) {
        format!("It needs a library on this X server that is missing: install it ({reason})")
    } else {
        "Its libraries are all here; `rust-gears --off-screen` shows whether it draws without X".into()
    }
}

/// What to do if the requested OpenGL is missing.
pub fn advice_where_asked_for(vendor: GlVendor) -> String {
    match (vendor, nvidia_driver_version()) {
        (GlVendor::Nvidia, Some(_)) => advice_for_nvidia(),
        (GlVendor::Nvidia, None) => {
            "There is no NVIDIA driver here: install it, or remove --gl-vendor to use what is here".into()
        }
        (GlVendor::Mesa, _) => "Install Mesa (Debian: libegl-mesa0 and libgl1-mesa-dri), or use the image \
                                rust-gears:mesa; or remove --gl-vendor to use what is here"
            .into(),
        (GlVendor::Auto, _) => advice_without_driver(GlApi::Auto),
    }
}

/// Mesa's variables that make it offer another version than it could, of OpenGL and of OpenGL ES.
const VERSION_OVERRIDES: [&str; 2] = ["MESA_GL_VERSION_OVERRIDE", "MESA_GLES_VERSION_OVERRIDE"];

/// What to do if a driver is here, but too old.
pub fn advice_if_too_old(attempts: &Attempts) -> Option<String> {
    let too_old = attempts.too_old()?;
    let is_embedded = matches!(too_old, Refusal::TooOld { version, .. } if version.starts_with("OpenGL ES"));
    let name = VERSION_OVERRIDES[usize::from(is_embedded)];
    let fix = match env::var(name) {
        Ok(value) => {
            format!("The environment variable {name}={value} may be what lowers it: unset it")
        }
        Err(_) => "Update the driver. If the GPU itself can do no more, draw with Mesa in software: \
                 LIBGL_ALWAYS_SOFTWARE=1"
            .into(),
    };
    Some(format!("The driver works, but it is too old: {too_old}. {fix}"))
}

/// What to do where nothing draws.
pub fn advice_without_driver(asked: GlApi) -> String {
    if asked != GlApi::Auto {
        return "Remove --gl-api to use whatever OpenGL is here".into();
    }
    match nvidia_driver_version() {
        Some(_) => advice_for_nvidia(),
        None => "There is no NVIDIA driver here; for Intel, AMD and software drawing install Mesa (Debian: \
                 libegl-mesa0 and libgl1-mesa-dri), or use the image rust-gears:mesa"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Choice::{Default, Mesa, Nvidia};

    const BARE: Machine = Machine {
        has_nvidia_driver: false,
        is_nvidia_server: false,
        has_other_gpu: false,
        is_chosen_by_environment: false,
    };

    #[test]
    fn with_nvidias_driver_no_plan_ends_on_software_untried() {
        for bits in 0..4 {
            let machine = Machine {
                has_nvidia_driver: true,
                is_nvidia_server: bits & 1 != 0,
                has_other_gpu: bits & 2 != 0,
                ..BARE
            };
            let steps = plan(GlVendor::Auto, machine);
            assert!(steps.contains(&Nvidia), "{machine:?}");
            assert_eq!(steps.last(), Some(&Default), "{machine:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_all_that_is_tried() {
        let machine = Machine { has_nvidia_driver: true, ..BARE };
        assert_eq!(plan(GlVendor::Nvidia, machine), [Nvidia]);
        assert_eq!(plan(GlVendor::Mesa, machine), [Mesa]);
        assert_eq!(plan(GlVendor::Auto, Machine { is_chosen_by_environment: true, ..machine }), [Default]);
        assert_eq!(plan(GlVendor::Auto, BARE), [Default]);
    }
}
