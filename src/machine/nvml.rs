//! NVIDIA's management library (nvml.h): whether it starts, and what it knows about the GPUs.

use serde::{Deserialize, Serialize};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

/// The answers of NVIDIA's management library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nvml {
    /// What `nvmlInit` returned; 0: success.
    pub code: i32,
    pub gpus: Vec<NvmlGpu>,
}

/// A GPU as NVIDIA's management library describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NvmlGpu {
    pub name: String,
    /// Its operation mode excludes graphics.
    pub is_compute_only: bool,
    /// It is part of a GPU that a hypervisor shares (vGPU).
    #[serde(default)]
    pub is_virtual: bool,
    /// It is divided into instances (MIG).
    pub has_mig: bool,
    /// NVML's return code for this GPU; 0: it works.
    #[serde(default)]
    pub code: i32,
    /// Number of its device node: N of `/dev/nvidiaN`.
    #[serde(default)]
    pub minor: Option<u32>,
    #[serde(default)]
    pub pci: Option<String>,
    /// UUID, as in NVIDIA_VISIBLE_DEVICES.
    #[serde(default)]
    pub uuid: Option<String>,
}

type Handle = *mut c_void;

/// nvml.h: NVML_GPU_VIRTUALIZATION_MODE_VGPU.
const VGPU: c_uint = 2;

/// nvml.h: nvmlPciInfo_t. A function that is newer than its header writes no more than this.
#[repr(C)]
#[derive(Default)]
struct PciInfo {
    bus_id_legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    ids: [c_uint; 2],
    bus_id: [c_char; 32],
}

/// Asks it. It may hang or crash, which is why doctor calls it in a separate process.
///
/// # Errors
/// Returns why it can't be loaded, in the linker's words.
#[expect(unsafe_code)]
pub fn ask() -> Result<Nvml, String> {
    super::load_library("libnvidia-ml.so.1")?;
    // SAFETY: it is loaded already, see above. The functions' types are nvml.h's; every pointer passed is to a live
    // variable of the type there, and the name's buffer is as long as it is said to be.
    unsafe {
        let library = libloading::Library::new("libnvidia-ml.so.1").map_err(|e| e.to_string())?;
        let missing = |e: libloading::Error| e.to_string();
        let init = library.get::<unsafe extern "C" fn() -> c_int>(b"nvmlInit_v2\0").map_err(missing)?;
        let code = init();
        if code != 0 {
            return Ok(Nvml { code, gpus: Vec::new() });
        }
        let count = library
            .get::<unsafe extern "C" fn(*mut c_uint) -> c_int>(b"nvmlDeviceGetCount_v2\0")
            .map_err(missing)?;
        let by_index = library
            .get::<unsafe extern "C" fn(c_uint, *mut Handle) -> c_int>(b"nvmlDeviceGetHandleByIndex_v2\0")
            .map_err(missing)?;
        type Text = unsafe extern "C" fn(Handle, *mut c_char, c_uint) -> c_int;
        let name = library.get::<Text>(b"nvmlDeviceGetName\0").map_err(missing)?;
        let text = |function: Option<Text>, gpu: Handle| {
            let mut buffer = [0; 96];
            let has_text = function?(gpu, buffer.as_mut_ptr(), buffer.len() as c_uint) == 0;
            buffer[buffer.len() - 1] = 0;
            has_text.then(|| CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned())
        };
        type Number = unsafe extern "C" fn(Handle, *mut c_uint) -> c_int;
        let number = |function: &[u8], gpu: Handle| {
            let ask = library.get::<Number>(function).ok()?;
            let mut number = 0;
            (ask(gpu, &mut number) == 0).then_some(number)
        };
        let pci = |gpu: Handle| {
            let ask =
                library.get::<unsafe extern "C" fn(Handle, *mut PciInfo) -> c_int>(b"nvmlDeviceGetPciInfo_v3\0");
            let mut info = PciInfo::default();
            (ask.ok()?(gpu, &mut info) == 0)
                .then(|| format!("{:04x}:{:02x}:{:02x}.0", info.domain, info.bus, info.device))
        };
        type Mode = unsafe extern "C" fn(Handle, *mut c_uint, *mut c_uint) -> c_int;
        // Modes that the library or the GPU doesn't support count as off.
        let mode = |function: &[u8], gpu: Handle| {
            let (mut current, mut pending) = (0, 0);
            let ask = library.get::<Mode>(function).ok()?;
            (ask(gpu, &mut current, &mut pending) == 0).then_some(current)
        };
        let mut gpus = 0;
        let code = count(&mut gpus);
        let mut nvml = Nvml { code, gpus: Vec::new() };
        for index in 0..gpus {
            let mut gpu: Handle = std::ptr::null_mut();
            let code = by_index(index, &mut gpu);
            if code != 0 {
                nvml.gpus.push(NvmlGpu { code, ..NvmlGpu::default() });
                continue;
            }
            nvml.gpus.push(NvmlGpu {
                name: text(Some(*name), gpu).unwrap_or_default(),
                is_compute_only: mode(b"nvmlDeviceGetGpuOperationMode\0", gpu) == Some(1),
                has_mig: mode(b"nvmlDeviceGetMigMode\0", gpu) == Some(1),
                is_virtual: number(b"nvmlDeviceGetVirtualizationMode\0", gpu) == Some(VGPU),
                code: 0,
                minor: number(b"nvmlDeviceGetMinorNumber\0", gpu),
                pci: pci(gpu),
                uuid: text(library.get::<Text>(b"nvmlDeviceGetUUID\0").ok().map(|f| *f), gpu),
            });
        }
        // The library stays loaded until the process ends, because some versions crash when unloaded.
        std::mem::forget(library);
        Ok(nvml)
    }
}
