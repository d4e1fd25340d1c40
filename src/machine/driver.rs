//! The kernel's GPU drivers.

use super::libraries::{NVIDIA_GLX_LIBRARIES, load};
use std::fs;
use std::path::Path;

/// The version of NVIDIA's kernel driver, or "unknown" if only its devices are here.
pub fn nvidia_driver_version() -> Option<String> {
    match fs::read_to_string("/proc/driver/nvidia/version") {
        Ok(text) => Some(parse_driver_version(&text).unwrap_or("unknown").to_owned()),
        Err(_) => Path::new("/dev/nvidiactl").exists().then(|| "unknown".into()),
    }
}

/// Parses the version in `NVRM version: NVIDIA UNIX … Kernel Module  580.159.04  …`.
fn parse_driver_version(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("NVRM version"))?;
    line.split_whitespace()
        .find(|word| word.contains('.') && word.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// What is here of NVIDIA's OpenGL, beside its kernel driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NvidiaOpenGl {
    /// No device of a GPU: the container was given none.
    NoDevices,
    /// A library of the driver isn't here, or can't be loaded, with the linker's words.
    NotLoaded { reason: String },
    /// A library that NVIDIA's GLX loads on other X servers can't be loaded; it is in this Debian package.
    Lacks { package: &'static str, reason: String },
    /// All of its libraries can be loaded.
    Complete,
}

/// Loads NVIDIA's libraries, in the order in which they depend on what an engine adds.
pub fn nvidia_opengl() -> NvidiaOpenGl {
    if !Path::new("/dev/nvidiactl").exists() {
        return NvidiaOpenGl::NoDevices;
    }
    if let Some(reason) = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"].iter().find_map(|name| load(name).err()) {
        return NvidiaOpenGl::NotLoaded { reason };
    }
    let lacks = |(name, package): &(&str, &'static str)| {
        load(name).err().map(|reason| NvidiaOpenGl::Lacks { package, reason })
    };
    NVIDIA_GLX_LIBRARIES.iter().find_map(lacks).unwrap_or(NvidiaOpenGl::Complete)
}

/// Whether a render node belongs to a driver other than NVIDIA's own.
pub fn has_other_gpu(class: &Path) -> bool {
    let nodes = fs::read_dir(class).into_iter().flatten().flatten();
    nodes.filter(|node| node.file_name().to_string_lossy().starts_with("renderD")).any(|node| {
        let driver = fs::canonicalize(node.path().join("device/driver"));
        driver.is_ok_and(|path| path.file_name().is_some_and(|name| name != "nvidia"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_version_is_read() {
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  Tue\nGCC version: gcc 12.2.0\n";
        assert_eq!(parse_driver_version(text), Some("580.159.04"));
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n";
        assert_eq!(parse_driver_version(open), Some("570.86.15"));
        assert_eq!(parse_driver_version(""), None);
    }
}
