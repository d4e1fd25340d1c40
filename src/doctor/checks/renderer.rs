//! Rows about what draws, and how fast.

use super::catalogue::Cause::{Any, One};
use super::catalogue::{Group, Id, Row, Text, Words};
use super::drawing::attempts;
use super::driver::mesa_too_old;
#[cfg(test)]
use super::examples::*;
use super::{Level, Seen, Topic};
use crate::advice::texts;
use crate::doctor::facts::{Facts, Role};
use crate::renderer::Kind;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: Id::AnotherGpu,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "another GPU's name",
            cause: "the X server runs on another GPU, and programs draw on the X server's GPU",
            fix: "-e __NV_PRIME_RENDER_OFFLOAD=1 -e __GLX_VENDOR_LIBRARY_NAME=nvidia",
        }),
        check: another_gpu,
        group: Group::Note,
        because_of: &[One(Id::NoOffload)],
    },
    Row {
        id: Id::Software,
        topic: Topic::Renderer,
        text: Text::Own(Words {
            symptom: "llvmpipe, and exit code 0",
            cause: "no GPU was passed into this container, or the machine has none, so Mesa draws in software",
            fix: "NVIDIA: --gpus all; Intel, AMD: --device /dev/dri/renderD128; if a run should fail rather than draw in \
                  software: --require-hardware",
        }),
        check: software,
        group: Group::Note,
        because_of: &[Any(Group::Library), Any(Group::Gpu), One(Id::TooFewDevices)],
    },
    Row {
        id: Id::VendorVariableMissing,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "other programs draw with llvmpipe beside an idle GPU",
            cause: "on an X server without NVIDIA's driver, libglvnd asks the server which OpenGL to use, and \
                    the server names Mesa",
            fix: "-e __GLX_VENDOR_LIBRARY_NAME=nvidia",
        }),
        check: vendor_variable_missing,
        group: Group::Note,
        because_of: &[Any(Group::Window)],
    },
    Row {
        id: Id::CopiedFrames,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "the GPU's name, few FPS, a busy CPU",
            cause: "no GPU draws for the X server (Xvfb, VNC, ssh -X), so the CPU copies every frame to it",
            fix: "use an X server on that GPU, or --off-screen to measure the GPU alone; rust-gears copies frames while the \
                  GPU draws the next ones, and VirtualGL does the same for other programs",
        }),
        check: copied_frames,
        group: Group::Note,
        because_of: &[],
    },
    Row {
        id: Id::VerticalSync,
        topic: Topic::Glx,
        text: Text::Own(Words {
            symptom: "FPS equals the refresh rate",
            cause: "each frame waits for the screen (vertical synchronisation)",
            fix: "--swap-interval 0",
        }),
        check: vertical_sync,
        group: Group::Note,
        because_of: &[],
    },
];

fn another_gpu(facts: &Facts) -> Option<Seen> {
    facts.display.as_ref()?;
    let drawn = facts.in_use().filter(|drawn| drawn.is_hardware() && !drawn.renderer.is_nvidia())?;
    if facts.nvidia_gpu_nodes().next().is_none() || !facts.loads("libGLX_nvidia.so.0") {
        return None;
    }
    Seen::warning(format!("{} draws, beside an NVIDIA GPU", drawn.renderer.renderer))
}

/// Evidence of a GPU that should be used.
fn expects_gpu(facts: &Facts) -> bool {
    facts.was_given_nvidia()
        || facts.nvidia_kernel_driver.is_some()
        || facts.render_nodes().next().is_some()
        || facts.node("/dev/dxg").is_some()
        || !facts.nvidia_cards.is_empty()
}

/// A render node that opens and that Mesa should draw on, with its kernel driver.
fn mesas_gpu(facts: &Facts) -> Option<(&str, &str)> {
    let opened = facts.render_nodes().filter(|node| node.errno.is_none());
    let mut with_driver = opened.filter_map(|node| Some((node.path.as_str(), node.driver.as_deref()?)));
    with_driver.find(|(_, driver)| *driver != "nvidia")
}

fn software(facts: &Facts) -> Option<Seen> {
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
        Some(vendor) if facts.display.is_some() && vendor != "nvidia" => {
            Seen::failure(seen)?.advised(texts::vendor_variable(vendor))
        }
        _ if !drawn.earlier_failures.is_empty() => Seen::failure(seen)?.explained(
            format!("the GPU's driver was tried, and failed: {}", attempts(&drawn.earlier_failures)),
            "see what else is found here; --require-hardware makes a run fail instead",
        ),
        _ if mesas_gpu(facts).is_some() && mesa_too_old(facts).is_none() => {
            let (path, driver) = mesas_gpu(facts)?;
            Seen::failure(seen)?.explained(
                format!(
                    "{path} ({driver}) is here and opens, and Mesa does not use it: most likely this image's Mesa is older than \
                     the GPU; or it was built without a driver for it"
                ),
                "LIBGL_DEBUG=verbose rust-gears --info shows what Mesa tried; use an image with a newer Mesa",
            )
        }
        _ => Seen::failure(seen)?.explained(
            "a GPU is here, and its driver offers no OpenGL",
            "see what else is found here; --require-hardware makes a run fail instead",
        ),
    }
}

fn vendor_variable_missing(facts: &Facts) -> Option<Seen> {
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

fn copied_frames(facts: &Facts) -> Option<Seen> {
    if facts.x_server()?.is_nvidia() {
        return None;
    }
    let by_driver = facts.glx.done().filter(|drawn| drawn.is_hardware() && drawn.renderer.is_nvidia());
    let by_us = facts.copied.done().filter(|drawn| drawn.is_hardware());
    let in_window = [(by_us, "rust-gears"), (by_driver, "NVIDIA's driver")].map(|(drawn, copier)| {
        drawn.map(|drawn| format!("{:.0} FPS in a window if {copier} copies them", drawn.fps))
    });
    let in_window: Vec<String> = in_window.into_iter().flatten().collect();
    if in_window.is_empty() {
        return None;
    }
    let off_screen = facts.off_screen.done().map(|off| format!(", off-screen {:.0}", off.fps)).unwrap_or_default();
    Seen::new(
        Level::Ok,
        format!(
            "frames are copied to this X server by the CPU, since it is not the GPU's own ({}{off_screen})",
            in_window.join(", ")
        ),
    )
}

fn vertical_sync(facts: &Facts) -> Option<Seen> {
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

#[cfg(test)]
#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    leads(Id::AnotherGpu, |f| f.glx = drawn("Mesa Intel(R) UHD Graphics 620", Kind::Hardware)),
    leads(Id::Software, without_gpu),
    leads(Id::Software, |f| { f.glx = llvmpipe(); f.egl = llvmpipe(); f.environment.insert("LIBGL_ALWAYS_SOFTWARE".into(), "1".into()); }),
    leads(Id::VendorVariableMissing, |f| { f.environment.remove("__GLX_VENDOR_LIBRARY_NAME"); }),
    told(Id::CopiedFrames, |_| {}),
    told(Id::CopiedFrames, |f| { f.copied = drawn(H100, Kind::Hardware); without_extensions(f, &["GLX"]); }),
    told(Id::VerticalSync, |f| if let Outcome::Done(drawn) = &mut f.glx { drawn.refresh_rate = Some(5000.0) }),
];
