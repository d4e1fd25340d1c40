//! libglvnd's list of EGL implementations (its `EGL_ICD` specification), and Mesa's driver files.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that announces an EGL implementation to libglvnd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorFile {
    pub path: String,
    /// The library that it names, or why it names none.
    pub library: Result<String, String>,
}

impl VendorFile {
    pub(super) fn read(path: &Path) -> VendorFile {
        let content = super::small_file::read_small(path).map_err(|e| e.to_string());
        VendorFile { path: path.display().to_string(), library: content.and_then(|bytes| parse(&bytes)) }
    }
}

/// Where libglvnd looks, in its order.
const FOLDERS: [&str; 2] = ["/etc/glvnd/egl_vendor.d", "/usr/share/glvnd/egl_vendor.d"];

/// The vendor files in libglvnd's order.
pub fn vendor_files(environment: &BTreeMap<String, String>) -> Vec<VendorFile> {
    let list =
        |name: &str| environment.get(name).map(|value| value.split(':').map(PathBuf::from).collect::<Vec<_>>());
    let paths = list("__EGL_VENDOR_LIBRARY_FILENAMES").unwrap_or_else(|| {
        let folders = list("__EGL_VENDOR_LIBRARY_DIRS").unwrap_or_else(|| FOLDERS.map(PathBuf::from).to_vec());
        folders.iter().flat_map(|folder| files_in(folder, |name| name.ends_with(".json"))).collect()
    });
    paths.iter().map(|path| VendorFile::read(path)).collect()
}

/// The library that a vendor file names.
///
/// # Errors
/// Returns why it names none.
pub fn parse(bytes: &[u8]) -> Result<String, String> {
    let json: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| format!("not JSON: {e}"))?;
    let library = json["ICD"]["library_path"].as_str();
    library.map(str::to_owned).ok_or_else(|| "it names no library (ICD.library_path)".into())
}

/// Mesa's drivers: libgallium from release 24.2 on, and one file per driver before.
pub fn mesa_drivers(environment: &BTreeMap<String, String>) -> Vec<String> {
    let libraries = ["/usr/lib", "/usr/lib64"].map(PathBuf::from).into_iter();
    let libraries: Vec<PathBuf> =
        libraries.chain(files_in(Path::new("/usr/lib"), |name| name.contains("-linux-"))).collect();
    let drivers = match environment.get("LIBGL_DRIVERS_PATH") {
        Some(path) => path.split(':').map(PathBuf::from).collect(),
        None => libraries.iter().map(|folder| folder.join("dri")).collect::<Vec<_>>(),
    };
    let drivers = drivers.iter().flat_map(|folder| files_in(folder, |name| name.ends_with("_dri.so")));
    let gallium = libraries.iter().flat_map(|folder| files_in(folder, |name| name.starts_with("libgallium")));
    drivers.chain(gallium).map(|path| path.display().to_string()).collect()
}

/// The entries of a folder whose names match, sorted by name.
pub(super) fn files_in(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .filter(|entry| is_wanted(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_library_is_found_and_its_absence_told() {
        let good = br#"{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_nvidia.so.0"}}"#;
        assert_eq!(parse(good), Ok("libEGL_nvidia.so.0".into()));
        assert!(parse(br#"{"ICD": []}"#).unwrap_err().contains("names no library"));
        assert!(parse(b"ICD = libEGL").unwrap_err().contains("not JSON"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
