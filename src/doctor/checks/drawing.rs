//! Rows about the results of drawing.

use super::access::{level, paths};
use super::catalogue::Cause::{Any, One};
use super::catalogue::{Group, Id, Row, Text, Words};
#[cfg(test)]
use super::examples::*;
use super::injection::asks_for_graphics;
use super::x_server::is_xquartz;
use super::{Level, Seen, Topic};
use crate::advice::texts;
use crate::doctor::facts::{Drawn, EglMask, Facts, Injection, Node, Outcome};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::EglMask,
        topic: Topic::Devices,
        text: Text::Own(Words {
            symptom: "EGL sees fewer GPUs than nvidia-smi",
            cause: "an application profile of NVIDIA's driver hides GPUs from EGL (EGLVisibleDGPUDevices)",
            fix: "update the NVIDIA Container Toolkit, which writes that file; or in the container, as root: remove the file",
        }),
        check: egl_mask,
        group: Group::Gpu,
        because_of: &[],
    },
    Row {
        id: Id::TooFewDevices,
        topic: Topic::Devices,
        text: Text::Own(Words {
            symptom: "EGL devices: 0, or too few",
            cause: "EGL leaves out GPUs that were passed into the container; most often they do not start, and no profile \
                    hides any here",
            fix: "on the host: nvidia-smi, and sudo dmesg | grep -i -e xid -e RmInitAdapter; if all GPUs are well there, try \
                  another driver version, and report it with rust-gears doctor --json",
        }),
        check: too_few_devices,
        group: Group::Failure,
        because_of: &[Any(Group::Library), Any(Group::Gpu), One(Id::EglMask)],
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
            cause: "the driver offers no OpenGL 2.1 through GLX",
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
            cause: "the driver offers neither OpenGL 2.1 nor OpenGL ES 2.0 through EGL on this X server",
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
            cause: "the driver offers neither OpenGL 2.1 nor OpenGL ES 2.0 on an EGL device",
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
            cause: "the GPU computes, and EGL does not take it, for a reason that is none of the usual ones",
            fix: "try another driver version; report it with rust-gears doctor --json",
        }),
        check: egl_fails_nvml_works,
        group: Group::Failure,
        because_of: &[Any(Group::Window), Any(Group::Library), Any(Group::Gpu), One(Id::TooFewDevices)],
    },
];

/// The text that reports a driver that is too old (the canvas's `Refusal`).
const TOO_OLD: &str = "OpenGL 2.1 or OpenGL ES 2.0 is needed, ";

/// Everything that the trials' processes said.
pub(super) fn said(facts: &Facts) -> String {
    facts.said.values().cloned().collect::<Vec<_>>().join("\n")
}

/// The GPUs that a profile hides from EGL.
fn hidden<'a>(facts: &'a Facts, mask: &EglMask) -> Vec<&'a Node> {
    let number = |node: &Node| node.minor.or_else(|| node.path.trim_start_matches("/dev/nvidia").parse().ok());
    let is_hidden = |node: &&Node| number(node).is_some_and(|minor| minor < 64 && mask.mask >> minor & 1 == 0);
    facts.nvidia_gpu_nodes().filter(is_hidden).collect()
}

fn egl_mask(facts: &Facts) -> Option<Seen> {
    let gpus = facts.nvidia_gpu_nodes().count();
    let offered = facts.devices.done()?.iter().filter(|device| device.is_nvidia).count();
    if offered >= gpus {
        return None;
    }
    let (mask, hidden) =
        facts.egl_masks.iter().map(|mask| (mask, hidden(facts, mask))).find(|(_, hidden)| !hidden.is_empty())?;
    let seen =
        format!("{} sets EGLVisibleDGPUDevices to {:#x}, which hides {}", mask.path, mask.mask, paths(&hidden));
    Seen::new(level(facts), seen)?.explained(
        format!(
            "the profile shows EGL only GPUs whose minor numbers are bits of {:#x}: EGL offers {offered} of {gpus}",
            mask.mask
        ),
        format!(
            "update the NVIDIA Container Toolkit, which writes that file; or in the container, as root: rm {} (hiding is all it \
             does)",
            mask.path
        ),
    )
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
    let seen = Seen::failure(format!("Mesa says: {}", line.trim()))?;
    if facts.nvidia_kernel_driver.is_some() {
        return Some(seen);
    }
    seen.explained(
        "Mesa tries its own driver for NVIDIA's GPUs (nouveau), and fails: the host uses nouveau and this image's Mesa is too old \
         for the GPU, or the host uses NVIDIA's driver and the container was not given it",
        "on the host: lspci -k | grep -A3 -i nvidia names the driver in use; nouveau: use an image with a newer Mesa; nvidia: \
         --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all",
    )
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

/// The first line of a failure and the attempts after it, without the advice, which the catalogue gives.
pub(super) fn attempts(reason: &str) -> String {
    let tried = reason.lines().filter(|line| line.starts_with("  tried ") || line.starts_with("before that: "));
    let tried: Vec<&str> = tried.map(|line| line.trim().trim_start_matches("tried ")).collect();
    if tried.is_empty() { first_line(reason).to_owned() } else { tried.join("; ") }
}

/// A way to draw that failed. `is_replaced`: another way draws just as well.
fn fails(facts: &Facts, outcome: &Outcome<Drawn>, is_replaced: bool, by: &str) -> Option<Seen> {
    let reason = outcome.failure()?;
    if is_replaced {
        return Seen::new(Level::Skipped, format!("not available ({})", attempts(&reason)))?
            .explained(format!("not every driver can, and nobody needs it here: {by} draws"), "nothing");
    }
    let seen = Seen::failure(attempts(&reason))?;
    match outcome {
        Outcome::Hung(_) => seen.advised(texts::DRIVER_HANGS.into()),
        Outcome::Failed(words) if words.contains(TOO_OLD) && !is_xquartz(facts) => {
            seen.advised(texts::too_old(TOO_OLD, |name| facts.variable(name).map(str::to_owned)))
        }
        Outcome::Died(_) => seen.explained(
            "the driver crashes while it is used, or the X server ended the connection",
            "report it with the driver's version; another version may work",
        ),
        _ => Some(seen),
    }
}

/// Whether nothing better can be expected: hardware draws, or software if there is no hardware at all.
fn is_enough(drawn: &Outcome<Drawn>, facts: &Facts) -> bool {
    drawn.done().is_some_and(|drawn| drawn.is_hardware() || !facts.has_nvidia())
}

fn glx_fails(facts: &Facts) -> Option<Seen> {
    if is_enough(&facts.copied, facts) {
        return fails(facts, &facts.glx, true, "EGL with copied frames");
    }
    fails(facts, &facts.glx, is_enough(&facts.egl, facts), "EGL")
}

fn egl_fails(facts: &Facts) -> Option<Seen> {
    if is_enough(&facts.copied, facts) {
        return fails(facts, &facts.egl, true, "EGL with copied frames");
    }
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
    // It doesn't matter if a way that the program wouldn't use is broken.
    if facts.draws_right_in_hardware() { Seen::warning(seen) } else { Seen::failure(seen) }
}

/// What can hide a GPU from EGL but doesn't here, each with the evidence.
fn ruled_out(facts: &Facts) -> Vec<&'static str> {
    let mut gpus = facts.nvidia_gpu_nodes().peekable();
    let opens = gpus.peek().is_some() && gpus.all(|node| node.errno.is_none());
    let loads = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"].iter().all(|name| facts.loads(name));
    let is_named =
        facts.vendor_files.iter().any(|file| file.library.as_ref().is_ok_and(|name| name.contains("nvidia")));
    let is_whole =
        facts.nvml.done().is_some_and(|nvml| nvml.gpus.iter().all(|gpu| !gpu.has_mig && !gpu.is_compute_only));
    let is_shown = facts.egl_masks.iter().all(|mask| hidden(facts, mask).is_empty());
    let all = [
        (opens, "permissions (its node opens)"),
        (loads, "missing libraries (the driver's load)"),
        (is_named, "libglvnd (a vendor file names NVIDIA's EGL)"),
        (facts.injection() == Injection::Hook && asks_for_graphics(facts), "capabilities (graphics is asked for)"),
        (is_whole, "MIG and compute-only modes (NVML tells of neither)"),
        (is_shown, "profiles (none hides a GPU)"),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, words)| words).collect()
}

fn egl_fails_nvml_works(facts: &Facts) -> Option<Seen> {
    let nvml = facts.nvml.done().filter(|nvml| nvml.code == 0)?;
    let gpu = nvml.gpus.iter().find(|gpu| gpu.code == 0)?;
    let tried = !matches!(facts.off_screen, Outcome::NotTried(_));
    if !tried || facts.off_screen.done().is_some_and(Drawn::is_hardware) {
        return None;
    }
    let ruled_out = ruled_out(facts);
    let ruled_out =
        if ruled_out.is_empty() { String::new() } else { format!("; ruled out: {}", ruled_out.join(", ")) };
    Seen::failure(format!(
        "nvidia-smi would show {} ({}), and EGL does not draw on it{ruled_out}",
        gpu.name,
        nvml.gpus.len()
    ))
}

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::EglMask, |f| {
        if let Outcome::Done(nodes) = &mut f.nodes { nodes.push(node("/dev/nvidia1")); }
        if let Outcome::Done(nvml) = &mut f.nvml { nvml.gpus.push(NvmlGpu::default()); }
        f.egl_masks = vec![EglMask { path: "/etc/nvidia/10-container.conf".into(), mask: 1 }];
    }),
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
