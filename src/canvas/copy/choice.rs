//! Decides whether frames are swapped or copied.

use crate::canvas::device::devices;
use crate::canvas::error::CanvasError;
use crate::canvas::offscreen::OffScreen;
use crate::canvas::x11::XServer;
use crate::machine::{has_other_gpu, nvidia_driver_version};
use crate::renderer::Kind;
use crate::request::{Canvas, Present};
use std::env;
use std::path::Path;

/// The facts that decide, without a driver being loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    /// The request needs a window's own buffers: stereo, or an API for windows.
    needs_window: bool,
    /// A GPU draws for this X server, and drivers can give it frames without the CPU.
    is_gpus_own: bool,
    /// A GPU may draw off-screen here.
    may_have_gpu: bool,
    /// Drivers that draw in software can share memory with the X server, or nobody can.
    shares_memory: bool,
}

/// What to look for, to draw on and to copy from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Nothing: frames are swapped.
    None,
    /// A device that draws in hardware. Otherwise, frames are swapped.
    Hardware,
    /// Any device, or one that draws in software if there is no GPU. Otherwise, frames are swapped.
    Any,
}

/// What `auto` copies from.
///
/// On a GPU's own X server, nothing is faster than its driver's swap. On any other, the driver copies as well, but one
/// frame at a time; or Mesa, which doesn't, draws in software. Software that shares memory with the X server swaps, which takes
/// one copy less; where it can't, but descriptors can be passed (in a container, without the server's IPC namespace), it would
/// send each frame through the socket.
fn source(facts: Facts) -> Source {
    match facts {
        Facts { needs_window: true, .. } | Facts { is_gpus_own: true, .. } => Source::None,
        Facts { shares_memory: false, .. } => Source::Any,
        Facts { may_have_gpu: true, .. } => Source::Hardware,
        _ => Source::None,
    }
}

/// The device whose frames are copied to `server`; `None` if frames are swapped.
///
/// # Errors
/// Returns an error if copying was asked for, and there is nothing to draw on.
pub fn device(server: &XServer, request: &Canvas) -> Result<Option<OffScreen>, CanvasError> {
    match request.present {
        Present::Swap | Present::SwapOrCopy => Ok(None),
        Present::Copy if request.stereo => Err(CanvasError::CannotCopy {
            reason: "stereo windows (--stereo) have two pictures, and only swapping shows both".into(),
        }),
        Present::Copy => {
            OffScreen::open(None, request).map(Some).map_err(|error| CanvasError::NothingToCopy(Box::new(error)))
        }
        Present::Auto => {
            let needs_window = needs_window(request);
            let facts = Facts {
                needs_window,
                is_gpus_own: server.is_gpus_own(),
                may_have_gpu: may_have_gpu(),
                // Making the server attach memory is only worth it if the answer counts.
                shares_memory: needs_window
                    || server.is_gpus_own()
                    || server.shares_memory()
                    || !server.takes_descriptors(),
            };
            Ok(open(source(facts), request))
        }
    }
}

/// The device whose frames are copied because no GPU draws in a window of `server`, though it looked as if one did.
///
/// `draws`: software draws in a window.
pub fn device_instead(server: &XServer, request: &Canvas, draws: bool) -> Option<OffScreen> {
    if needs_window(request) {
        return None;
    }
    match request.present {
        // On other servers, it was looked for before.
        Present::Auto if server.is_gpus_own() => open(Source::Hardware, request),
        Present::SwapOrCopy => open(if draws { Source::Hardware } else { Source::Any }, request),
        _ => None,
    }
}

fn open(source: Source, request: &Canvas) -> Option<OffScreen> {
    if source == Source::None || is_told_otherwise() || (source == Source::Hardware && !may_have_gpu()) {
        return None;
    }
    let has_gpu = devices().ok()?.iter().any(|device| !device.is_software);
    if source == Source::Hardware && !has_gpu {
        return None;
    }
    let device = OffScreen::open(None, request).ok()?;
    // A GPU that doesn't draw here may still draw in a window.
    let may_be_software = source == Source::Any && !has_gpu && !Path::new("/dev/nvidiactl").exists();
    (may_be_software || device.gl.renderer.kind() == Kind::Hardware).then_some(device)
}

/// Whether only a window's own buffers will do.
fn needs_window(request: &Canvas) -> bool {
    request.stereo || request.window_api.is_some()
}

/// Whether a GPU may draw here.
pub fn may_have_gpu() -> bool {
    nvidia_driver_version().is_some() || has_other_gpu(Path::new("/sys/class/drm"))
}

/// Whether libglvnd was told to use another OpenGL than NVIDIA's for windows.
fn is_told_otherwise() -> bool {
    env::var_os("__GLX_VENDOR_LIBRARY_NAME").is_some_and(|name| name != "nvidia")
}

#[cfg(test)]
mod tests {
    use super::*;

    const XVFB: Facts =
        Facts { needs_window: false, is_gpus_own: false, may_have_gpu: false, shares_memory: true };

    #[test]
    fn auto_copies_where_that_is_faster() {
        let cases = [
            ("a GPU on Xvfb", Facts { may_have_gpu: true, ..XVFB }, Source::Hardware),
            ("llvmpipe on Xvfb", XVFB, Source::None),
            ("llvmpipe in a container on Xvfb", Facts { shares_memory: false, ..XVFB }, Source::Any),
            ("a GPU in a container", Facts { may_have_gpu: true, shares_memory: false, ..XVFB }, Source::Any),
            ("the GPU's own X server", Facts { is_gpus_own: true, may_have_gpu: true, ..XVFB }, Source::None),
            ("stereo", Facts { needs_window: true, may_have_gpu: true, ..XVFB }, Source::None),
        ];
        for (name, facts, expected) in cases {
            assert_eq!(source(facts), expected, "{name}");
        }
    }
}
