//! Rows about what came of drawing.

use super::{Level, Seen};
use crate::doctor::facts::{Drawn, Facts, Outcome, Role};
use crate::renderer::Kind;

/// How a driver that is too old is told of (platform's `Refusal`).
const TOO_OLD: &str = "OpenGL 3.3 is needed, ";

/// What the trials' processes said, all together.
fn said(facts: &Facts) -> String {
    facts.said.values().cloned().collect::<Vec<_>>().join("\n")
}

pub(super) fn too_few_devices(facts: &Facts) -> Option<Seen> {
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

pub(super) fn no_offload(facts: &Facts) -> Option<Seen> {
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

pub(super) fn forwarded_display(facts: &Facts) -> Option<Seen> {
    let display = facts.display.as_ref()?;
    let host = display.name.as_ref()?.host.as_ref()?;
    let is_foreign = facts.x_server().is_some_and(|server| !server.is_nvidia());
    if !is_foreign || !facts.loads("libGLX_nvidia.so.0") {
        return None;
    }
    let reason = facts.glx.failure()?;
    Seen::failure(format!("NVIDIA's GLX fails on the display of {host}: {}", first_line(&reason)))
}

pub(super) fn nouveau(facts: &Facts) -> Option<Seen> {
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
fn attempts(reason: &str) -> String {
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

pub(super) fn glx_fails(facts: &Facts) -> Option<Seen> {
    fails(facts, &facts.glx, is_enough(&facts.egl, facts), "EGL")
}

pub(super) fn egl_fails(facts: &Facts) -> Option<Seen> {
    fails(facts, &facts.egl, is_enough(&facts.glx, facts), "GLX")
}

pub(super) fn off_screen_fails(facts: &Facts) -> Option<Seen> {
    let in_window = is_enough(&facts.glx, facts) || is_enough(&facts.egl, facts);
    fails(facts, &facts.off_screen, in_window, "a window")
}

pub(super) fn wrong_picture(facts: &Facts) -> Option<Seen> {
    let ways = [("GLX", &facts.glx), ("EGL", &facts.egl), ("off-screen", &facts.off_screen)];
    let (way, drawn) =
        ways.iter().find_map(|(way, outcome)| Some((way, outcome.done().filter(|drawn| !drawn.is_right())?)))?;
    let seen =
        format!("{way}: {:.1} % of the picture's pixels are as they should be", drawn.right_pixels? * 100.0);
    // Another way than the program's own may be broken, and nothing is lost.
    if facts.draws_right_in_hardware() { Seen::warning(seen) } else { Seen::failure(seen) }
}

pub(super) fn egl_fails_nvml_works(facts: &Facts) -> Option<Seen> {
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

pub(super) fn another_gpu(facts: &Facts) -> Option<Seen> {
    facts.display.as_ref()?;
    let drawn = facts.in_use().filter(|drawn| drawn.is_hardware() && !drawn.renderer.is_nvidia())?;
    if facts.nvidia_gpu_nodes().next().is_none() || !facts.loads("libGLX_nvidia.so.0") {
        return None;
    }
    Seen::warning(format!("{} draws, beside an NVIDIA GPU", drawn.renderer.renderer))
}

/// Signs of a GPU that is meant to be used.
fn expects_gpu(facts: &Facts) -> bool {
    facts.was_given_nvidia() || facts.nvidia_kernel_driver.is_some() || facts.render_nodes().next().is_some()
}

pub(super) fn software(facts: &Facts) -> Option<Seen> {
    let drawn = facts.in_use().filter(|drawn| drawn.kind == Kind::Software)?;
    let seen = format!("{} draws: software, on the CPU", drawn.renderer.renderer);
    let forced = ["LIBGL_ALWAYS_SOFTWARE", "GALLIUM_DRIVER"]
        .into_iter()
        .find_map(|name| Some((name, facts.variable(name)?)))
        .filter(|(_, value)| ["1", "true", "llvmpipe", "softpipe"].contains(value));
    if let Some((name, value)) = forced {
        return Seen::failure(seen)?.explained(
            format!("the environment asks for it: {name}={value}"),
            format!("leave {name} out; --require-hardware makes a run fail instead"),
        );
    }
    if !expects_gpu(facts) {
        return Seen::warning(seen);
    }
    let vendor = facts.variable("__GLX_VENDOR_LIBRARY_NAME");
    match vendor {
        Some(vendor) if facts.display.is_some() && vendor != "nvidia" => Seen::failure(seen)?.explained(
            format!("__GLX_VENDOR_LIBRARY_NAME={vendor} chooses it, beside a GPU"),
            "-e __GLX_VENDOR_LIBRARY_NAME=nvidia, or leave it out",
        ),
        _ if !drawn.earlier_failures.is_empty() => Seen::failure(seen)?.explained(
            format!("the GPU's driver was tried, and failed: {}", attempts(&drawn.earlier_failures)),
            "see what else is found here; --require-hardware makes a run fail instead",
        ),
        _ => Seen::failure(seen)?.explained(
            "a GPU is here, and its driver offers no OpenGL",
            "see what else is found here; --require-hardware makes a run fail instead",
        ),
    }
}

pub(super) fn vendor_variable_missing(facts: &Facts) -> Option<Seen> {
    let server = facts.x_server().filter(|server| !server.is_nvidia() && server.has("GLX"))?;
    if facts.variable("__GLX_VENDOR_LIBRARY_NAME").is_some()
        || !facts.loads("libGLX_nvidia.so.0")
        || !facts.glx.done().is_some_and(|drawn| drawn.is_hardware() && drawn.renderer.is_nvidia())
    {
        return None;
    }
    let mesa = facts.libraries.iter().any(|library| library.role == Role::Mesa && library.is_here());
    let others = if mesa { "get llvmpipe, silently" } else { "find no visual" };
    Seen::warning(format!(
        "__GLX_VENDOR_LIBRARY_NAME is not set; rust-gears chooses NVIDIA by itself, other programs on this X server ({}) {others}",
        server.glx_vendor.as_deref().unwrap_or("unknown")
    ))
}

pub(super) fn copied_frames(facts: &Facts) -> Option<Seen> {
    let drawn = facts.glx.done().filter(|drawn| drawn.is_hardware() && drawn.renderer.is_nvidia())?;
    if facts.x_server()?.is_nvidia() {
        return None;
    }
    let off_screen = facts.off_screen.done().map(|off| format!(", off-screen {:.0}", off.fps)).unwrap_or_default();
    Seen::new(
        Level::Ok,
        format!(
            "frames are copied to this X server by the CPU, since it is not NVIDIA's ({:.0} FPS in a window{off_screen})",
            drawn.fps
        ),
    )
}

pub(super) fn vertical_sync(facts: &Facts) -> Option<Seen> {
    let drawn = facts.glx.done()?;
    let refresh = drawn.refresh_rate?;
    if (drawn.fps / refresh - 1.0).abs() > 0.05 {
        return None;
    }
    Seen::new(
        Level::Ok,
        format!("{:.0} FPS is the screen's refresh rate: --swap-interval 0 shows what the GPU can do", drawn.fps),
    )
}
