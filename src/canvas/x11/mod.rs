//! Examines the X server, and the libraries that a window needs, before winit is used.
//!
//! winit panics if a library, the keyboard data or an extension of the server is missing, or reports an error that
//! names none of them. Checking for each of them first makes it possible to name what is missing.

use super::CanvasError;
pub mod connection;
pub mod errors;
mod shm;

pub use connection::{NoAnswer, addresses, connect};
pub use shm::{takes_descriptors, try_shared_memory};

use crate::machine::{self, DisplayName, WINDOW_LIBRARIES};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::Event;
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, EventMask, InputFocus, StackMode,
};
use x11rb::rust_connection::RustConnection;

/// The server extensions without which winit panics. Every current server has the last two; old VNC servers lack
/// XInputExtension.
const WINDOW_EXTENSIONS: [&str; 3] = ["RANDR", "XInputExtension", "XKEYBOARD"];

/// The extension of NVIDIA's own server.
const NVIDIA_EXTENSION: &str = "NV-GLX";
/// The extensions through which drivers give frames to the GPU of the X server.
const GPU_EXTENSIONS: [&str; 3] = [NVIDIA_EXTENSION, "DRI3", "DRI2"];

/// An X server that can show a window.
pub struct XServer {
    /// Its name as in `$DISPLAY`.
    pub display: String,
    /// Width and height of the default screen in pixels.
    pub screen_size: (u32, u32),
    /// It is NVIDIA's own server, or has its extension.
    pub has_nv_glx: bool,
    connection: RustConnection,
    root: u32,
}

impl XServer {
    /// Examines the server named `display`, and the libraries and data that a window needs.
    ///
    /// # Errors
    /// Returns the first thing that is missing.
    pub fn probe(display: &str) -> Result<XServer, CanvasError> {
        let (connection, screen) =
            connect(display).map_err(|reason| CanvasError::NoConnection { display: display.into(), reason })?;
        for (library, package) in WINDOW_LIBRARIES {
            machine::load_library(library).map_err(|reason| CanvasError::MissingLibrary {
                library,
                package,
                reason,
            })?;
        }
        if let Err(folder) = machine::keyboard_data() {
            return Err(CanvasError::MissingKeyboardData { path: folder.display().to_string() });
        }
        let lost = |reason: String| CanvasError::Lost { place: format!("the X server {display}"), reason };
        // Sends all requests before waiting for the first answer.
        for extension in WINDOW_EXTENSIONS.into_iter().chain(GPU_EXTENSIONS) {
            connection.prefetch_extension_information(extension).map_err(|e| lost(e.to_string()))?;
        }
        for extension in WINDOW_EXTENSIONS {
            if connection.extension_information(extension).map_err(|e| lost(e.to_string()))?.is_none() {
                return Err(CanvasError::MissingExtension { display: display.into(), extension });
            }
        }
        let has_nv_glx = connection.extension_information(NVIDIA_EXTENSION).ok().flatten().is_some();
        let setup = &connection.setup().roots[screen];
        let screen_size = (setup.width_in_pixels.into(), setup.height_in_pixels.into());
        let root = setup.root;
        Ok(XServer { display: display.into(), screen_size, has_nv_glx, connection, root })
    }

    /// Whether a GPU draws for this server, and drivers can give it their frames without the CPU. They can't through a
    /// network, or ssh.
    pub fn is_gpus_own(&self) -> bool {
        let has = |extension| self.connection.extension_information(extension).ok().flatten().is_some();
        let is_local = DisplayName::parse(&self.display).is_some_and(|name| name.socket().is_some());
        is_local && GPU_EXTENSIONS.into_iter().any(has)
    }

    /// Whether System V's shared memory, which drivers use, is the server's as well.
    pub fn shares_memory(&self) -> bool {
        let has_extension = self.connection.extension_information("MIT-SHM").ok().flatten().is_some();
        has_extension && try_shared_memory(&self.connection).is_ok()
    }

    /// Whether it takes memory whose file descriptor it is passed.
    pub fn takes_descriptors(&self) -> bool {
        takes_descriptors(&self.connection)
    }

    /// The visual of the default screen.
    pub fn root_visual(&self) -> u32 {
        self.connection.setup().roots.iter().find(|screen| screen.root == self.root).map_or(0, |s| s.root_visual)
    }

    /// Gives `window` the keyboard focus unless a window manager does that. Without focus, X sends keys to whatever
    /// is under the pointer, but winit ignores them.
    pub fn focus_unless_managed(&self, window: u32) {
        if !self.has_window_manager() {
            // If this fails, keys don't arrive, but nothing else breaks.
            let _ = self.connection.set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME);
            let _ = self.connection.flush();
        }
    }

    /// Asks for events about the screen's size (see [`XServer::new_screen_size`]).
    pub fn watch_screen_size(&self) {
        let wanted = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        // If this fails, the window keeps its size.
        let _ = self.connection.change_window_attributes(self.root, &wanted);
        let _ = self.connection.flush();
    }

    /// Width and height of the screen in pixels, if they have changed since the last call.
    pub fn new_screen_size(&self) -> Option<(u32, u32)> {
        let events = std::iter::from_fn(|| self.connection.poll_for_event().ok().flatten());
        let sizes = events.filter_map(|event| match event {
            Event::ConfigureNotify(root) if root.window == self.root => {
                Some((root.width.into(), root.height.into()))
            }
            _ => None,
        });
        sizes.last()
    }

    /// Raises `window` above the others, and waits until that is done.
    pub fn raise(&self, window: u32) {
        let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        // If this fails, the window stays where it is, but nothing else breaks.
        let _ = self.connection.configure_window(window, &above).map(|cookie| cookie.check());
    }

    /// The highest refresh rate of the modes in use, in Hz. `None` if there is no real monitor: the modes of virtual
    /// servers (Xvfb, Xvnc) have no clock.
    pub fn refresh_rate(&self) -> Option<f64> {
        let resources = self.connection.randr_get_screen_resources_current(self.root).ok()?.reply().ok()?;
        let mut rates = Vec::new();
        for &crtc in &resources.crtcs {
            let info = self.connection.randr_get_crtc_info(crtc, resources.config_timestamp).ok()?.reply().ok()?;
            let mode = resources.modes.iter().find(|mode| mode.id == info.mode);
            rates.extend(mode.map(|m| f64::from(m.dot_clock) / (f64::from(m.htotal) * f64::from(m.vtotal))));
        }
        rates.into_iter().filter(|rate| rate.is_finite() && *rate > 0.0).reduce(f64::max)
    }

    /// Whether a window manager runs (EWMH: it sets this property on the root window).
    pub fn has_window_manager(&self) -> bool {
        let check = || -> Option<bool> {
            let atom = self.connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK").ok()?.reply().ok()?.atom;
            let property = self.connection.get_property(false, self.root, atom, AtomEnum::WINDOW, 0, 1).ok()?;
            Some(property.reply().ok()?.value_len > 0)
        };
        check().unwrap_or(false)
    }
}

/// Makes the process end with one clear line and exit code 1 when the connection to the X server breaks. Xlib ends
/// the process in any case, and its own message mentions neither cause nor consequence.
#[expect(unsafe_code)]
pub fn exit_when_server_dies(display: &str) {
    type Handler = unsafe extern "C" fn(*mut c_void) -> c_int;
    type SetHandler = unsafe extern "C" fn(Option<Handler>) -> Option<Handler>;
    unsafe extern "C" fn handler(_display: *mut c_void) -> c_int {
        end_with_server()
    }
    // A second window in this process, on another server, would keep the first one's name; but there is only one.
    let _ = SERVER_NAME.set(display.to_owned());
    // SAFETY: libX11 is already loaded (see `probe`) and its function has this type (XSetIOErrorHandler(3)).
    unsafe {
        if let Ok(library) = libloading::Library::new("libX11.so.6") {
            if let Ok(set) = library.get::<SetHandler>(b"XSetIOErrorHandler\0") {
                set(Some(handler));
            }
            std::mem::forget(library);
        }
    }
}

/// Ends the process because the connection to the X server broke.
#[expect(unsafe_code)]
pub fn end_with_server() -> ! {
    if let Some(last) = LAST.with(Cell::take) {
        last();
    }
    let name = SERVER_NAME.get().map_or("", String::as_str);
    crate::console::say(&format!("the X server {name} has ended or closed the connection, which ends this run"));
    // SAFETY: ends the process at once. Exit handlers of GL drivers would talk to the server, which is gone.
    unsafe { libc::_exit(1) }
}

static SERVER_NAME: OnceLock<String> = OnceLock::new();

thread_local! {
    static LAST: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

/// What the drawing thread must do before that. It must not use Xlib.
pub fn before_exit_when_server_dies(last: impl FnOnce() + 'static) {
    LAST.set(Some(Box::new(last)));
}
