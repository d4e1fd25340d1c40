//! The kernel's GPU drivers.

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
