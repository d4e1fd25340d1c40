//! NVIDIA's driver as files: its libraries wherever engines put them, and the profiles that hide GPUs from EGL.

use super::small_file::read_small;
use super::vendor_files::files_in;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where engines put the driver's libraries: GKE, Apptainer, Jetson, Debian, RHEL, NixOS, WSL, and the linker's own
/// folders.
const FOLDERS: &[&str] = &[
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/.singularity.d/libs",
    "/usr/lib/aarch64-linux-gnu/nvidia",
    "/usr/lib/aarch64-linux-gnu/tegra",
    "/usr/lib/aarch64-linux-gnu/tegra-egl",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/nvidia/current",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib64/nvidia",
    "/usr/lib64",
    "/usr/lib/nvidia",
    "/run/opengl-driver/lib",
    "/usr/lib/wsl/lib",
];

/// How many are listed at most. Anybody may create files there.
const LISTED: usize = 200;

/// The files of NVIDIA's driver libraries, whether or not the linker looks there. Empty ones, which a runtime leaves
/// behind in an image, don't count.
pub fn driver_files(environment: &BTreeMap<String, String>) -> Vec<String> {
    // From release 1.20 on, the toolkit's CDI specifications name the folders.
    let told = environment.get("NVIDIA_CTK_LIBCUDA_DIR").into_iter().flat_map(|list| list.split(':'));
    let mut folders: Vec<&str> =
        told.filter(|folder| folder.starts_with('/')).chain(FOLDERS.iter().copied()).collect();
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(*folder));
    let named = folders.into_iter().flat_map(|folder| files_in(Path::new(folder), is_of_driver));
    let all = named.filter(is_filled);
    all.take(LISTED).map(|path| path.display().to_string()).collect()
}

fn is_of_driver(name: &str) -> bool {
    let starts = ["libGLX_nvidia.so", "libEGL_nvidia.so", "libcuda.so", "libnvidia-"];
    name.contains(".so") && starts.iter().any(|start| name.starts_with(start))
}

fn is_filled(path: &PathBuf) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0)
}

/// An application profile of NVIDIA's driver that shows only some GPUs to EGL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EglMask {
    pub path: String,
    /// One bit per GPU, by minor number (`EGLVisibleDGPUDevices`).
    pub mask: u64,
}

/// Where container runtimes put their profiles.
const PROFILES: &str = "/etc/nvidia/nvidia-application-profiles-rc.d";

/// The profiles that mask GPUs.
pub fn egl_masks() -> Vec<EglMask> {
    let files = files_in(Path::new(PROFILES), |name| name.ends_with(".conf"));
    let mask = |path: PathBuf| {
        let mask = parse_egl_mask(&String::from_utf8_lossy(&read_small(&path).ok()?))?;
        Some(EglMask { path: path.display().to_string(), mask })
    };
    files.into_iter().filter_map(mask).collect()
}

/// Parses the mask in a profile. Its number is hexadecimal, which isn't valid JSON.
fn parse_egl_mask(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("EGLVisibleDGPUDevices")?;
    let word = rest.trim_start_matches(['"', ',', ':', ' ', '\n', '\t']);
    let word = word.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_read() {
        let profile = r#"{"profiles": [{"name": "_container_", "settings": ["EGLVisibleDGPUDevices", 0x2a]}],
            "rules": [{"pattern": [], "profile": "_container_"}]}"#;
        assert_eq!(parse_egl_mask(profile), Some(0x2a));
        assert_eq!(parse_egl_mask(r#"{"EGLVisibleDGPUDevices": 3}"#), Some(3));
        assert_eq!(parse_egl_mask("EGLVisibleDGPUDevices"), None);
        assert_eq!(parse_egl_mask("{}"), None);
    }

    #[test]
    fn libraries_of_the_driver_are_told_from_others() {
        assert!(
            ["libEGL_nvidia.so.0", "libnvidia-glcore.so.580.1", "libcuda.so.1"]
                .iter()
                .all(|name| is_of_driver(name))
        );
        assert!(
            !["libEGL.so.1", "libnvidia-container.conf", "libcudart.txt"].iter().any(|name| is_of_driver(name))
        );
    }
}
