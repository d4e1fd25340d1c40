//! Reads what can be read without risk.

use super::Facts;
use crate::machine;
use std::collections::BTreeMap;
use std::path::Path;

/// Environment variables that affect drawing.
const VARIABLES: &[&str] = &[
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "XDG_SESSION_TYPE",
    "XKB_CONFIG_ROOT",
    "SSH_CONNECTION",
    "KUBERNETES_SERVICE_HOST",
    "container",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "NVIDIA_CTK_LIBCUDA_DIR",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "EGL_PLATFORM",
    "LIBGL_ALWAYS_SOFTWARE",
    "LIBGL_ALWAYS_INDIRECT",
    "LIBGL_DRIVERS_PATH",
    "MESA_GL_VERSION_OVERRIDE",
    "MESA_GLES_VERSION_OVERRIDE",
    "MESA_LOADER_DRIVER_OVERRIDE",
    "GALLIUM_DRIVER",
    "MESA_D3D12_DEFAULT_ADAPTER_NAME",
    "DRI_PRIME",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "__GLX_VENDOR_LIBRARY_NAME",
    "__EGL_VENDOR_LIBRARY_DIRS",
    "__EGL_VENDOR_LIBRARY_FILENAMES",
    "__NV_PRIME_RENDER_OFFLOAD",
];

/// Reads everything that can be read without risk. `display`: the requested X server, if any.
pub fn gather(display: Option<&str>) -> Facts {
    let environment: BTreeMap<String, String> = VARIABLES
        .iter()
        .filter_map(|name| Some((name.to_string(), std::env::var_os(name)?.to_string_lossy().into_owned())))
        .collect();
    let container = machine::container(&environment);
    Facts {
        display: display.map(|name| machine::display(name, &container.hostname)),
        nvidia_kernel_driver: machine::nvidia_driver_version().filter(|version| version != "unknown"),
        vendor_files: machine::vendor_files(&environment),
        mesa_drivers: machine::mesa_drivers(&environment),
        driver_files: machine::driver_files(&environment),
        egl_masks: machine::egl_masks(),
        vulkan_files: machine::vulkan_files(&environment),
        nvidia_cards: machine::nvidia_cards(Path::new("/sys/bus/pci/devices")),
        keyboard_data: machine::keyboard_data().is_ok(),
        container,
        environment,
        ..Facts::default()
    }
}
