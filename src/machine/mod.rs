//! Facts about this machine, gathered in the same way for everyone who asks (canvas, bench, doctor), which keeps two
//! commands from disagreeing. Nothing here knows OpenGL or windows, gives advice, or draws conclusions beyond names.

mod authority;
mod container;
mod display;
mod display_name;
mod driver;
mod driver_files;
mod gpus;
mod injection;
mod libraries;
mod mounts;
mod nvml;
mod pci;
mod small_file;
mod vendor_files;
mod vulkan;

pub use authority::{Authority, AuthorityFile, Cookie, CookieFamily, parse as parse_authority};
pub use container::{Container, OTHER_ENGINE, container};
pub use display::{Display, display};
pub use display_name::{DisplayName, Family, SOCKETS};
pub use driver::{NvidiaOpenGl, has_other_gpu, nvidia_driver_version, nvidia_opengl};
pub use driver_files::{EglMask, driver_files, egl_masks};
pub use gpus::{EglGpu, Gpu, join as join_gpus, table as gpu_table};
pub use injection::Injection;
pub use libraries::{NVIDIA_GLX_LIBRARIES, WINDOW_LIBRARIES, load as load_library};
pub use mounts::Mounts;
pub use nvml::{Nvml, NvmlGpu, ask as ask_nvml};
pub use pci::{PciCard, nvidia_cards};
pub use small_file::read_small;
pub use vendor_files::{VendorFile, mesa_drivers, parse as parse_vendor_file, vendor_files};
pub use vulkan::{VulkanDevice, vulkan_devices, vulkan_files};

use std::path::PathBuf;

/// Whether libxkbcommon finds its keyboard rules, without which no window opens.
///
/// # Errors
/// Returns the folder in which they are missing.
pub fn keyboard_data() -> Result<(), PathBuf> {
    let folder =
        std::env::var_os("XKB_CONFIG_ROOT").map_or_else(|| PathBuf::from("/usr/share/X11/xkb"), PathBuf::from);
    if folder.join("rules").is_dir() { Ok(()) } else { Err(folder) }
}
