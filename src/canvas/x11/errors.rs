//! X errors. winit assumes that every error it sees is its own, and panics at its next call. But they come from GLX,
//! from Mesa drawing into a window that another program has just destroyed, and the like; winit's own requests are
//! checked where they are made. Therefore all errors are kept from winit and recorded.

use std::ffi::{c_int, c_uchar, c_ulong, c_void};
use std::sync::atomic::{AtomicU8, Ordering};
use winit::platform::x11::register_xlib_error_hook;

/// The first fields of Xlib's XErrorEvent (Xlib.h).
#[repr(C)]
struct XErrorEvent {
    kind: c_int,
    display: *mut c_void,
    resource: c_ulong,
    serial: c_ulong,
    error_code: c_uchar,
}

/// The code of the last X error; 0: none.
static LAST: AtomicU8 = AtomicU8::new(0);

/// Starts to keep X errors from winit.
pub fn keep_from_winit() {
    register_xlib_error_hook(Box::new(|_display, event| {
        #[expect(unsafe_code)]
        // SAFETY: Xlib calls this with a pointer to an error event, which lives until this returns.
        let code = unsafe { (*event.cast::<XErrorEvent>()).error_code };
        LAST.store(code, Ordering::Relaxed);
        true
    }));
}

/// Makes a GLX request and waits for the X server's answer.
///
/// # Errors
/// Returns the X error's code if the server refuses.
pub fn checked(raw_display: *mut c_void, request: impl FnOnce()) -> Result<(), u8> {
    LAST.store(0, Ordering::Relaxed);
    request();
    sync(raw_display);
    match LAST.swap(0, Ordering::Relaxed) {
        0 => Ok(()),
        code => Err(code),
    }
}

/// Waits until the X server has processed all requests (XSync(3)).
#[expect(unsafe_code)]
fn sync(raw_display: *mut c_void) {
    type XSync = unsafe extern "C" fn(*mut c_void, c_int) -> c_int;
    // SAFETY: libX11 is already loaded, and stays so; the function has this type, and the display is open.
    unsafe {
        if let Ok(library) = libloading::Library::new("libX11.so.6") {
            if let Ok(sync) = library.get::<XSync>(b"XSync\0") {
                sync(raw_display, 0);
            }
            std::mem::forget(library);
        }
    }
}
