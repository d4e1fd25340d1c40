//! Rows about what came of drawing.

use super::catalogue::Cause::{Any, One};
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::{Level, Seen, Topic};
use crate::doctor::facts::{Drawn, Facts, Outcome};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::TooFewDevices,
        topic: Topic::Devices,
        text: Text::Own(Words {
            symptom: "EGL devices: 0, or too few",
            cause: "the EGL driver does not see the GPUs that were passed into the container",
            fix: "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics,display, and a current NVIDIA \
                  Container Toolkit",
        }),
        check: too_few_devices,
        group: Group::Failure,
        because_of: &[Any(Group::Library), Any(Group::Gpu)],
    },
    Row {
        id: Id::NoOffload,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "BadValue from NV-GLX",
            cause: "NVIDIA's GLX was forced on a machine with two GPUs, without requesting offload (drawing on \
                    the GPU that has no screen)",
            fix: "add -e __NV_PRIME_RENDER_OFFLOAD=1 to __GLX_VENDOR_LIBRARY_NAME=nvidia",
        }),
        check: no_offload,
        group: Group::Gpu,
        because_of: &[Any(Group::Library)],
    },
    Row {
        id: Id::ForwardedDisplay,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "BadValue X_GLXCreateNewContext (24)",
            cause: "NVIDIA's GLX cannot draw on a display that is forwarded from another machine",
            fix: "--off-screen, or --gl-vendor mesa with the image rust-gears:mesa",
        }),
        check: forwarded_display,
        group: Group::Gpu,
        because_of: &[Any(Group::Library)],
    },
    Row {
        id: Id::Nouveau,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "failed to create dri3 screen; failed to load driver: nouveau",
            cause: "Mesa tries to use a GPU that belongs to NVIDIA's driver, and its own driver for it \
                    (nouveau) fails",
            fix: "-e __GLX_VENDOR_LIBRARY_NAME=nvidia, or --gl-vendor nvidia",
        }),
        check: nouveau,
        group: Group::Gpu,
        because_of: &[Any(Group::Library)],
    },
    Row {
        id: Id::GlxFails,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "no window through GLX",
            cause: "the driver offers no OpenGL 3.3 through GLX",
            fix: "see the driver's own words above; rust-gears --info and glxinfo show more",
        }),
        check: glx_fails,
        group: Group::Failure,
        because_of: &[Any(Group::Window), Any(Group::Library), Any(Group::Gpu), One(Id::TooFewDevices)],
    },
    Row {
        id: Id::EglFails,
        topic: Topic::Egl,
        text: Text::Own(Words {
            symptom: "no window through EGL",
            cause: "the driver offers no OpenGL 3.3 through EGL on this X server",
            fix: "see the driver's own words above",
        }),
        check: egl_fails,
        group: Group::Failure,
        because_of: &[Any(Group::Window), Any(Group::Library), Any(Group::Gpu), One(Id::TooFewDevices)],
    },
    Row {
        id: Id::OffScreenFails,
        topic: Topic::OffScreen,
        text: Text::Own(Words {
            symptom: "no drawing without a window",
            cause: "the driver offers no OpenGL 3.3 on an EGL device",
            fix: "see the driver's own words above; rust-gears --list-devices shows more",
        }),
        check: off_screen_fails,
        group: Group::Failure,
        because_of: &[Any(Group::Library), Any(Group::Gpu), One(Id::TooFewDevices)],
    },
    Row {
        id: Id::WrongPicture,
        topic: Topic::Picture,
        text: Text::Own(Words {
            symptom: "a wrong picture",
            cause: "the driver draws something other than what was requested",
            fix: "try another version of the driver; report it with rust-gears doctor --json",
        }),
        check: wrong_picture,
        group: Group::Note,
        because_of: &[Any(Group::Library)],
    },
    Row {
        id: Id::EglFailsNvmlWorks,
        topic: Topic::Devices,
        text: Text::Own(Words {
            symptom: "EGL fails in the pod, nvidia-smi works",
            cause: "a GPU that computes can be unavailable to EGL for several reasons",
            fix: "see the other findings; if there are none, try another driver version, and report it with \
                  rust-gears doctor --json",
        }),
        check: egl_fails_nvml_works,
        group: Group::Failure,
        because_of: &[Any(Group::Window), Any(Group::Library), Any(Group::Gpu), One(Id::TooFewDevices)],
    },
];

/// How a driver that is too old is told of (the canvas's `Refusal`).
const TOO_OLD: &str = "OpenGL 3.3 is needed, ";

/// What the trials' processes said, all together.
fn said(facts: &Facts) -> String {
    facts.said.values().cloned().collect::<Vec<_>>().join("\n")
}

fn too_few_devices(facts: &Facts) -> Option<Seen> {
    let gpus = facts.nvidia_gpu_nodes().count();
    match &facts.devices {
        Outcome::Done(devices) => {
            let nvidia = devices.iter().filter(|device| device.is_nvidia).count();
            if nvidia < gpus {
                let seen = format!("EGL offers {nvidia} of NVIDIA's devices, /dev has {gpus}");
                return if nvidia == 0 { Seen::failure(seen) } else { Seen::warning(seen) };
            }
            devices.is_empty().then(|| Seen::failure("EGL offers no device at all"))?
        }
        other => Seen::failure(format!("EGL does not list its devices: {}", other.failure()?)),
    }
}

fn no_offload(facts: &Facts) -> Option<Seen> {
    let is_forced = facts.variable("__GLX_VENDOR_LIBRARY_NAME") == Some("nvidia")
        && facts.variable("__NV_PRIME_RENDER_OFFLOAD") != Some("1");
    let has_other_gpu =
        facts.render_nodes().any(|node| node.driver.as_deref().is_some_and(|driver| driver != "nvidia"));
    if !is_forced || !has_other_gpu {
        return None;
    }
    let reason = facts.glx.failure()?;
    Seen::failure(format!("NVIDIA's GLX is forced on a machine with two GPUs, and fails: {}", first_line(&reason)))
}

fn forwarded_display(facts: &Facts) -> Option<Seen> {
    let display = facts.display.as_ref()?;
    let host = display.name.as_ref()?.host.as_ref()?;
    let is_foreign = facts.x_server().is_some_and(|server| !server.is_nvidia());
    if !is_foreign || !facts.loads("libGLX_nvidia.so.0") {
        return None;
    }
    let reason = facts.glx.failure()?;
    Seen::failure(format!("NVIDIA's GLX fails on the display of {host}: {}", first_line(&reason)))
}

fn nouveau(facts: &Facts) -> Option<Seen> {
    let said = said(facts);
    let line = said.lines().find(|line| line.contains("nouveau"))?;
    if facts.draws_in_hardware() {
        return None;
    }
    Seen::failure(format!("Mesa says: {}", line.trim()))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

/// The first line of a failure and the attempts after it, without the advice, which is the catalogue's to give.
pub(super) fn attempts(reason: &str) -> String {
    let tried = reason.lines().filter(|line| line.starts_with("  tried ") || line.starts_with("before that: "));
    let tried: Vec<&str> = tried.map(|line| line.trim().trim_start_matches("tried ")).collect();
    if tried.is_empty() { first_line(reason).to_owned() } else { tried.join("; ") }
}

/// A way to draw that failed: `is_replaced` where another one draws as well.
fn fails(facts: &Facts, outcome: &Outcome<Drawn>, is_replaced: bool, by: &str) -> Option<Seen> {
    let reason = outcome.failure()?;
    if is_replaced {
        return Seen::new(Level::Skipped, format!("not to be had ({})", attempts(&reason)))?
            .explained(format!("not every driver can, and nobody needs it here: {by} draws"), "nothing");
    }
    let seen = Seen::failure(attempts(&reason))?;
    match outcome {
        Outcome::Hung(_) => seen.explained(
            "the driver hangs while it is used",
            "look on the host for the driver's own messages (dmesg | grep -i -e xid -e drm); a reboot frees a GPU that hangs",
        ),
        Outcome::Failed(words) if words.contains(TOO_OLD) => seen.explained(
            "a driver is here and works, but it offers an older OpenGL than the 3.3 that the gears need; its version is above",
            match facts.variable("MESA_GL_VERSION_OVERRIDE") {
                Some(_) => "unset the environment variable MESA_GL_VERSION_OVERRIDE, which makes Mesa offer that version",
                None => {
                    "update the driver; if the GPU itself can do no more, draw with Mesa in software: set LIBGL_ALWAYS_SOFTWARE=1"
                }
            },
        ),
        Outcome::Died(_) => seen.explained(
            "the driver crashes while it is used, or the X server ended the connection",
            "report it with the driver's version; another version may work",
        ),
        _ => Some(seen),
    }
}

/// Whether what draws is as good as it gets: hardware, or software where there is no hardware at all.
fn is_enough(drawn: &Outcome<Drawn>, facts: &Facts) -> bool {
    drawn.done().is_some_and(|drawn| drawn.is_hardware() || !facts.has_nvidia())
}

fn glx_fails(facts: &Facts) -> Option<Seen> {
    fails(facts, &facts.glx, is_enough(&facts.egl, facts), "EGL")
}

fn egl_fails(facts: &Facts) -> Option<Seen> {
    fails(facts, &facts.egl, is_enough(&facts.glx, facts), "GLX")
}

fn off_screen_fails(facts: &Facts) -> Option<Seen> {
    let in_window = is_enough(&facts.glx, facts) || is_enough(&facts.egl, facts);
    fails(facts, &facts.off_screen, in_window, "a window")
}

fn wrong_picture(facts: &Facts) -> Option<Seen> {
    let ways = [("GLX", &facts.glx), ("EGL", &facts.egl), ("off-screen", &facts.off_screen)];
    let (way, drawn) =
        ways.iter().find_map(|(way, outcome)| Some((way, outcome.done().filter(|drawn| !drawn.is_right())?)))?;
    let seen =
        format!("{way}: {:.1} % of the picture's pixels are as they should be", drawn.right_pixels? * 100.0);
    // Another way than the program's own may be broken, and nothing is lost.
    if facts.draws_right_in_hardware() { Seen::warning(seen) } else { Seen::failure(seen) }
}

fn egl_fails_nvml_works(facts: &Facts) -> Option<Seen> {
    let nvml = facts.nvml.done().filter(|nvml| nvml.code == 0 && !nvml.gpus.is_empty())?;
    let tried = !matches!(facts.off_screen, Outcome::NotTried(_));
    if !tried || facts.off_screen.done().is_some_and(Drawn::is_hardware) {
        return None;
    }
    Seen::failure(format!(
        "nvidia-smi would show {} ({}), and EGL does not draw on it",
        nvml.gpus[0].name,
        nvml.gpus.len()
    ))
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::TooFewDevices, |f| { f.devices = Outcome::Done(Vec::new()); nothing_draws(f); }),
    leads(Id::NoOffload, |f| { render_node(f, "i915", None); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    leads(Id::ForwardedDisplay, |f| { f.display = Some(display("elsewhere:3")); nothing_draws(f); f.off_screen = drawn(H100, Kind::Hardware); }),
    leads(Id::Nouveau, |f| { without_gpu(f); f.said.insert("glx".into(), "libGL error: failed to load driver: nouveau".into()); }),
    leads(Id::GlxFails, |f| f.glx = Outcome::Hung(5.5)),
    leads(Id::EglFails, |f| { without_extensions(f, &["GLX"]); server(f, |s| s.extensions.push("GLX".into())); f.egl = Outcome::Died("SIGSEGV".into()); f.glx = Outcome::default(); }),
    leads(Id::OffScreenFails, |f| { f.display = None; no_window(f); f.off_screen = Outcome::Failed("no OpenGL 3.3 context".into()); f.nvml = Outcome::default(); }),
    leads(Id::WrongPicture, |f| if let Outcome::Done(drawn) = &mut f.glx { drawn.right_pixels = Some(0.72) }),
    told(Id::EglFailsNvmlWorks, nothing_draws),
];
