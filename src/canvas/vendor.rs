//! Decides whose OpenGL draws if both NVIDIA's driver and Mesa are there.
//!
//! On an X server that isn't NVIDIA's, libglvnd asks the server, which answers "mesa", and llvmpipe silently draws
//! although a GPU is idle. libglvnd reads its settings only once per process, and another choice therefore needs
//! another process: the program replaces itself (exec), and records in the environment how far it has come.

use super::error::Attempts;
use crate::machine::{self, nvidia_driver_version};
use crate::renderer::Renderer;
use crate::request::GlVendor;
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
    pub fn software_warning(&self, renderer: &Renderer) -> Option<Warning> {
        let why = match self.reasons.as_str() {
            "" => {
                let vendor = env::var_os(GLX_VENDOR).unwrap_or_default();
                NotNvidia::ChosenByEnvironment(vendor.to_string_lossy().into_owned())
            }
            reasons => NotNvidia::Failed(reasons.to_owned()),
        };
        Warning::new(renderer, why)
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
pub fn software_beside_nvidia(renderer: &Renderer, attempts: &Attempts) -> Option<Warning> {
    let why = if attempts.is_empty() { NotNvidia::NoDevice } else { NotNvidia::Failed(attempts.in_one_line()) };
    Warning::new(renderer, why)
}

/// Software draws although NVIDIA's driver is here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("software draws ({renderer}), although NVIDIA's driver {driver} is here: {why}")]
pub struct Warning {
    /// `GL_RENDERER`.
    pub renderer: String,
    /// The kernel driver's version.
    pub driver: String,
    pub why: NotNvidia,
}

/// Why NVIDIA's OpenGL doesn't draw.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNvidia {
    /// libglvnd's variable names this vendor.
    #[error("the environment variable {GLX_VENDOR} chooses another OpenGL")]
    ChosenByEnvironment(String),
    /// It was tried.
    #[error("{0}")]
    Failed(String),
    #[error("its OpenGL offers no device here")]
    NoDevice,
}

impl Warning {
    /// `None` if NVIDIA's driver isn't here.
    fn new(renderer: &Renderer, why: NotNvidia) -> Option<Warning> {
        Some(Warning { renderer: renderer.renderer.clone(), driver: nvidia_driver_version()?, why })
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
