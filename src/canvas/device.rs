//! EGL devices in EGL's own order, with all names that they have.

use super::error::Attempts;
use crate::request::DeviceSelector;
use crate::request::normal_pci_address;
use glutin::api::egl::device::Device as EglDevice;
use std::ffi::c_void;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone)]
pub struct Device {
    /// Position in EGL's own order, which differs from CUDA's.
    pub index: usize,
    /// Its own name, if it has one.
    pub name: Option<String>,
    pub is_nvidia: bool,
    /// It is a software rasteriser (`EGL_MESA_device_software`).
    pub is_software: bool,
    /// DRM render or primary node, such as `/dev/dri/renderD128`.
    pub node: Option<PathBuf>,
    /// PCI address, `0000:01:00.0`.
    pub pci: Option<String>,
    /// UUID, 32 hexadecimal digits.
    pub uuid: Option<String>,
    pub(super) egl: EglDevice,
}

impl Device {
    /// Whether `selector` means this device.
    pub fn is(&self, selector: &DeviceSelector) -> bool {
        match selector {
            DeviceSelector::Index(index) => self.index == *index,
            DeviceSelector::Pci(pci) => self.pci.as_ref() == Some(pci),
            DeviceSelector::Node(node) => self.node.as_ref() == Some(node),
            DeviceSelector::Uuid(uuid) => self.uuid.as_ref() == Some(uuid),
        }
    }

    /// A name that distinguishes it: the PCI address, otherwise the node, otherwise its kind.
    pub fn label(&self) -> String {
        let id = self.pci.clone().or_else(|| self.node.as_ref().map(|n| n.display().to_string()));
        match id {
            Some(id) => format!("EGL device {} ({id})", self.index),
            None if self.is_software => format!("EGL device {} (software)", self.index),
            None => format!("EGL device {}", self.index),
        }
    }
}

/// All EGL devices, in EGL's order.
///
/// # Errors
/// Returns why they can't be listed, in the words of EGL or the linker.
pub fn devices() -> Result<Vec<Device>, Attempts> {
    let mut attempts = Attempts::default();
    if let Err(reason) = crate::machine::load_library("libEGL.so.1") {
        attempts.add("libEGL.so.1", reason);
        return Err(attempts);
    }
    let listed = EglDevice::query_devices().map_err(|e| {
        attempts.add("eglQueryDevicesEXT", e);
        attempts
    })?;
    let gpus = nvidia_gpus(Path::new("/proc/driver/nvidia/gpus"));
    let query_uuid = UuidQuery::load();
    Ok(listed.enumerate().map(|(index, egl)| describe(index, egl, &gpus, query_uuid.as_ref())).collect())
}

fn describe(index: usize, egl: EglDevice, gpus: &[NvidiaGpu], query_uuid: Option<&UuidQuery>) -> Device {
    let extensions = egl.extensions();
    let node = egl.drm_render_device_node_path().or_else(|| egl.drm_device_node_path()).map(Path::to_path_buf);
    let uuid =
        query_uuid.filter(|_| extensions.contains("EGL_EXT_device_persistent_id")).and_then(|q| q.ask(&egl));
    // NVIDIA's driver lists a GPU's PCI address under its UUID; other devices have a DRM node that sysfs knows.
    let gpu = gpus.iter().find(|gpu| Some(&gpu.uuid) == uuid.as_ref());
    let pci = gpu.map(|gpu| gpu.pci.clone()).or_else(|| pci_of_node(node.as_deref()?));
    Device {
        index,
        name: egl.name().map(str::to_owned).or_else(|| gpu.map(|gpu| gpu.model.clone())),
        is_nvidia: extensions.contains("EGL_NV_device_cuda"),
        is_software: extensions.contains("EGL_MESA_device_software"),
        node,
        pci,
        uuid,
        egl,
    }
}

/// A GPU as NVIDIA's kernel driver describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NvidiaGpu {
    model: String,
    uuid: String,
    pci: String,
}

/// The GPUs listed under `root`, which is /proc/driver/nvidia/gpus except in tests.
fn nvidia_gpus(root: &Path) -> Vec<NvidiaGpu> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.filter_map(|e| parse_nvidia_gpu(&fs::read_to_string(e.path().join("information")).ok()?)).collect()
}

/// Parses `Model:`, `GPU UUID:` and `Bus Location:` of an `information` file.
fn parse_nvidia_gpu(text: &str) -> Option<NvidiaGpu> {
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let uuid = field("GPU UUID")?.to_ascii_lowercase().replace("gpu-", "").replace('-', "");
    Some(NvidiaGpu {
        model: field("Model")?,
        uuid,
        pci: normal_pci_address(&field("Bus Location")?.to_lowercase())?,
    })
}

/// The PCI address behind a DRM node: /sys/class/drm/renderD128/device is a link to it.
fn pci_of_node(node: &Path) -> Option<String> {
    let device = fs::canonicalize(Path::new("/sys/class/drm").join(node.file_name()?).join("device")).ok()?;
    normal_pci_address(device.file_name()?.to_str()?)
}

/// `eglQueryDeviceBinaryEXT` (`EGL_EXT_device_persistent_id`), for which glutin has no wrapper.
struct UuidQuery(QueryDeviceBinary);

type QueryDeviceBinary = unsafe extern "system" fn(*mut c_void, i32, i32, *mut u8, *mut i32) -> u32;

impl UuidQuery {
    #[expect(unsafe_code)]
    fn load() -> Option<UuidQuery> {
        type GetProcAddress = unsafe extern "system" fn(*const std::ffi::c_char) -> *const c_void;
        // SAFETY: the symbol has this type in every libEGL (EGL 1.5, section 3.12), and the library, which glutin loads,
        // too, is never unloaded. If the pointer isn't null, it is a function of the extension's type.
        unsafe {
            let library = libloading::Library::new("libEGL.so.1").ok()?;
            let get: GetProcAddress = *library.get(b"eglGetProcAddress\0").ok()?;
            std::mem::forget(library);
            let pointer = get(c"eglQueryDeviceBinaryEXT".as_ptr());
            (!pointer.is_null())
                .then(|| UuidQuery(std::mem::transmute::<*const c_void, QueryDeviceBinary>(pointer)))
        }
    }

    #[expect(unsafe_code)]
    fn ask(&self, device: &EglDevice) -> Option<String> {
        const EGL_DEVICE_UUID_EXT: i32 = 0x335C;
        let (mut uuid, mut size) = ([0u8; 16], 0);
        // SAFETY: the device is EGL's own, and the buffer has the given size.
        let done = unsafe {
            (self.0)(device.raw_device().cast_mut(), EGL_DEVICE_UUID_EXT, 16, uuid.as_mut_ptr(), &mut size)
        };
        (done != 0 && size == 16).then(|| uuid.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nvidias_description_of_a_gpu_is_understood() {
        let text = "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 0\nGPU UUID: \t GPU-1234abcd-0011-2233-4455-66778899aabb\n\
                    Video BIOS: \t 96.00\nBus Type: \t PCIe\nBus Location: \t 0000:C1:00.0\nDevice Minor: \t 3\n";
        let expected = NvidiaGpu {
            model: "NVIDIA H100 80GB HBM3".into(),
            uuid: "1234abcd00112233445566778899aabb".into(),
            pci: "0000:c1:00.0".into(),
        };
        assert_eq!(parse_nvidia_gpu(text), Some(expected));
        assert_eq!(parse_nvidia_gpu("nonsense"), None);
    }
}
