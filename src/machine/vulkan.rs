//! Vulkan's loader: the drivers that are registered with it, and the devices that it finds. It is loaded at run time,
//! because the gears don't need it.

use super::vendor_files::{VendorFile, files_in};
use ash::vk;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VulkanDevice {
    pub name: String,
    /// The device is the CPU.
    pub is_software: bool,
}

/// Lists Vulkan's devices. Drivers may hang or crash in this function, so doctor calls it in a separate process.
///
/// # Errors
/// Returns the loader's or the linker's own words if the loader can't be loaded, or has no driver.
#[expect(unsafe_code)]
pub fn vulkan_devices() -> Result<Vec<VulkanDevice>, String> {
    super::load_library("libvulkan.so.1")?;
    // SAFETY: ash declares libvulkan's functions as they are. The instance is destroyed after its last use, and the
    // structs that are passed live until the call ends.
    unsafe {
        let entry = ash::Entry::load().map_err(|e| e.to_string())?;
        let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_0);
        let info = vk::InstanceCreateInfo::default().application_info(&application);
        let instance = entry.create_instance(&info, None).map_err(|e| format!("vkCreateInstance: {e}"))?;
        let devices =
            instance.enumerate_physical_devices().map_err(|e| format!("vkEnumeratePhysicalDevices: {e}"));
        let describe = |device: &vk::PhysicalDevice| {
            let properties = instance.get_physical_device_properties(*device);
            let name = properties.device_name_as_c_str().map(|name| name.to_string_lossy().into_owned());
            VulkanDevice {
                name: name.unwrap_or_default(),
                is_software: properties.device_type == vk::PhysicalDeviceType::CPU,
            }
        };
        let devices = devices.map(|devices| devices.iter().map(describe).collect());
        instance.destroy_instance(None);
        devices
    }
}

/// The loader's search path (Vulkan-Loader, LoaderDriverInterface.md), without the user's own folders.
const FOLDERS: [&str; 5] = [
    "/etc/xdg/vulkan/icd.d",
    "/usr/local/etc/vulkan/icd.d",
    "/etc/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
    "/usr/share/vulkan/icd.d",
];

/// The files that register drivers with the loader. Their format is that of libglvnd's vendor files.
pub fn vulkan_files(environment: &BTreeMap<String, String>) -> Vec<VendorFile> {
    let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].into_iter().find_map(|name| environment.get(name));
    let paths: Vec<PathBuf> = match named {
        Some(list) => list.split(':').map(PathBuf::from).collect(),
        None => {
            FOLDERS.iter().flat_map(|folder| files_in(Path::new(folder), |name| name.ends_with(".json"))).collect()
        }
    };
    paths.iter().map(|path| VendorFile::read(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_that_a_variable_names_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nvidia_icd.json");
        std::fs::write(
            &path,
            r#"{"file_format_version": "1.0.1", "ICD": {"library_path": "libGLX_nvidia.so.0"}}"#,
        )
        .unwrap();
        let list = format!("{}:/nowhere/icd.json", path.display());
        let files = vulkan_files(&BTreeMap::from([("VK_DRIVER_FILES".to_owned(), list)]));
        assert_eq!(files[0].library.as_deref(), Ok("libGLX_nvidia.so.0"));
        assert!(files[1].library.is_err() && files.len() == 2);
    }
}
