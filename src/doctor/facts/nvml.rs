//! NVIDIA's management library (nvml.h): whether it starts, and what it knows of the GPUs.

use super::{Nvml, NvmlGpu};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

type Handle = *mut c_void;

/// What it answers. Only ever called in a process of its own.
///
/// # Errors
/// Why it cannot be loaded, in the linker's words.
#[expect(unsafe_code)]
pub fn ask() -> Result<Nvml, String> {
    crate::machine::load_library("libnvidia-ml.so.1")?;
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
        let name = library
            .get::<unsafe extern "C" fn(Handle, *mut c_char, c_uint) -> c_int>(b"nvmlDeviceGetName\0")
            .map_err(missing)?;
        type Mode = unsafe extern "C" fn(Handle, *mut c_uint, *mut c_uint) -> c_int;
        // A mode that the library or the GPU does not know is not set.
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
                nvml.code = code;
                continue;
            }
            let mut buffer = [0; 96];
            let has_name = name(gpu, buffer.as_mut_ptr(), buffer.len() as c_uint) == 0;
            buffer[buffer.len() - 1] = 0;
            let text = CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned();
            nvml.gpus.push(NvmlGpu {
                name: if has_name { text } else { String::new() },
                is_compute_only: mode(b"nvmlDeviceGetGpuOperationMode\0", gpu) == Some(1),
                has_mig: mode(b"nvmlDeviceGetMigMode\0", gpu) == Some(1),
            });
        }
        // The library stays loaded to the end of the process: some of its versions crash when they are unloaded.
        std::mem::forget(library);
        Ok(nvml)
    }
}
