//! X errors that GLX calls raise. winit takes every error it did not expect for its own and panics at its next call;
//! so those of GLX are kept from it, and noted.

use std::ffi::{c_int, c_uchar, c_ulong, c_void};
use std::sync::atomic::{AtomicU8, Ordering};
use winit::platform::x11::register_xlib_error_hook;

/// Xlib's XErrorEvent (Xlib.h).
#[repr(C)]
struct XErrorEvent {
    kind: c_int,
    display: *mut c_void,
    resource: c_ulong,
    serial: c_ulong,
    error_code: c_uchar,
    request_code: c_uchar,
    minor_code: c_uchar,
}

/// The code of the last X error that a GLX request raised; 0: none.
static LAST: AtomicU8 = AtomicU8::new(0);

/// Begins to keep the errors of GLX's requests, which have `glx_opcode`, from winit.
pub fn keep_from_winit(glx_opcode: Option<u8>) {
    register_xlib_error_hook(Box::new(move |_display, event| {
        #[expect(unsafe_code)]
        // SAFETY: Xlib calls this with a pointer to an error event, which lives until this returns.
        let event = unsafe { &*event.cast::<XErrorEvent>() };
        let is_glx = Some(event.request_code) == glx_opcode;
        if is_glx {
            LAST.store(event.error_code, Ordering::Relaxed);
        }
        is_glx
    }));
}

/// Does something with GLX, waits for the X server's word, and returns its error code where it refused.
///
/// # Errors
/// The X error's code.
pub fn checked(raw_display: *mut c_void, request: impl FnOnce()) -> Result<(), u8> {
    LAST.store(0, Ordering::Relaxed);
    request();
    sync(raw_display);
    match LAST.swap(0, Ordering::Relaxed) {
        0 => Ok(()),
        code => Err(code),
    }
}

/// Waits until the X server has taken all requests (XSync(3)).
#[expect(unsafe_code)]
fn sync(raw_display: *mut c_void) {
    type XSync = unsafe extern "C" fn(*mut c_void, c_int) -> c_int;
    // SAFETY: libX11 is loaded already, and stays so; the function has this type, and the display is open.
    unsafe {
        if let Ok(library) = libloading::Library::new("libX11.so.6") {
            if let Ok(sync) = library.get::<XSync>(b"XSync\0") {
                sync(raw_display, 0);
            }
            std::mem::forget(library);
        }
    }
}
