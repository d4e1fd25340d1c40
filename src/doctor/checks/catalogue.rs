//! The catalogue: its rows, the check of each, and which row can be the cause of which.
//!
//! The texts are in catalogue.tsv beside this file. Those that scripts/run shows as well are in its own table,
//! scripts/lib/launch-errors.tsv, under the same numbers. Rows 1 to 49 are those of the project's list of container
//! problems; the others were met on the way.

use super::topics::Topic::{self, *};
use super::{Seen, drawing, gpu, libraries, x};
use crate::doctor::facts::Facts;

/// A row of the catalogue.
pub struct Row {
    /// Its number.
    pub number: u8,
    /// What it is about.
    pub topic: Topic,
    /// Fires where the facts show it.
    pub check: fn(&Facts) -> Option<Seen>,
    /// Rows that, where they fire, are the cause of this one.
    pub because_of: &'static [u8],
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// What people see.
    pub symptom: &'static str,
    /// Why.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Only the script that starts the container can see it: the container never starts.
    pub by_launcher: bool,
}

impl Row {
    /// What it says.
    pub fn text(&self) -> Text {
        let number = self.number.to_string();
        let row_of = |table: &'static str| {
            table.lines().map(|line| line.split('\t').collect::<Vec<_>>()).find(|fields| fields[0] == number)
        };
        let own = row_of(include_str!("catalogue.tsv"));
        let shared = row_of(include_str!("../../../scripts/lib/launch-errors.tsv"));
        match (own.as_deref(), shared.as_deref()) {
            (Some([_, seen_by, symptom, _, _]), Some([_, _, cause, fix])) => {
                Text { symptom, cause, fix, by_launcher: *seen_by == "launcher" }
            }
            (Some([_, seen_by, symptom, cause, fix]), _) => {
                Text { symptom, cause, fix, by_launcher: *seen_by == "launcher" }
            }
            _ => Text { symptom: "", cause: "", fix: "", by_launcher: false },
        }
    }
}

const fn row(number: u8, topic: Topic, check: fn(&Facts) -> Option<Seen>, because_of: &'static [u8]) -> Row {
    Row { number, topic, check, because_of }
}

/// The container never starts, so nobody is here to see it.
fn unseen(_: &Facts) -> Option<Seen> {
    None
}

/// What keeps the X server from being used.
const NO_X: &[u8] = &[60, 3, 9, 38, 2, 11, 53, 8, 33, 7, 6, 4, 5, 10, 52, 50, 51];
/// A library that is missing or broken.
const BROKEN_LIBRARY: &[u8] = &[37, 56, 57, 55, 58, 24];
/// What keeps a GPU from drawing.
const NO_GPU: &[u8] = &[
    37, 56, 57, 55, 58, 24, 45, 48, 16, 61, 30, 46, 59, 35, 36, 31, 32, 28, 23, 25, 27, 64, 26, 29, 14, 17, 18,
    19, 15,
];
/// Anything at all.
const ANYTHING: &[u8] = &[
    60, 3, 9, 38, 2, 11, 53, 8, 33, 7, 6, 4, 5, 10, 52, 50, 51, 54, 37, 56, 57, 55, 58, 24, 45, 48, 16, 61, 30,
    46, 59, 35, 36, 31, 32, 28, 23, 25, 27, 64, 26, 29, 14, 17, 18, 19, 15,
];

/// All rows, causes before what they cause: the first that fires is what the verdict names.
#[rustfmt::skip] // a table: one line a row
pub const ROWS: &[Row] = &[
    row(1, Display, x::display_unset, &[]),
    row(3, Display, x::unix_before_host, &[]),
    row(60, Display, x::no_display_name, &[3]),
    row(9, Display, x::own_loopback, &[3]),
    row(38, Display, x::server_died_of_nvidias_egl, &[]),
    row(2, Display, x::no_server, &[3, 9, 38]),
    row(11, Display, x::socket_forbidden, &[]),
    row(53, Display, x::server_hangs, &[]),
    row(8, Display, x::cookie_file_is_folder, &[]),
    row(7, Display, x::stale_cookie, &[]),
    row(6, Display, x::host_bound_cookie, &[]),
    row(33, Display, x::xwaylands_cookie, &[8, 6]),
    row(4, Display, x::no_cookie, &[8, 33, 6]),
    row(5, Display, x::no_cookie_old_server, &[8, 33, 6]),
    row(12, Container, unseen, &[]),
    row(10, XServer, x::untrusted, &[]),
    row(52, XServer, x::extensions_missing, &[10]),
    row(54, XServer, x::no_glx, &[10]),
    row(13, XServer, x::no_shared_memory, &[]),
    row(37, Libraries, libraries::old_libc, &[]),
    row(56, Libraries, libraries::damaged, &[]),
    row(57, Libraries, libraries::hangs, &[]),
    row(55, Libraries, libraries::crashes, &[]),
    row(24, Libraries, libraries::no_libxext, &[37, 56]),
    row(58, Libraries, libraries::no_libglvnd, &[37, 56]),
    row(50, Libraries, libraries::window_library_missing, &[37, 56, 24]),
    row(51, Libraries, libraries::no_keyboard_data, &[]),
    row(45, Gpu, gpu::version_mismatch, &[]),
    row(35, Gpu, gpu::wsl, &[]),
    row(36, Gpu, gpu::musl, &[]),
    row(59, Gpu, gpu::none_given, &[35]),
    row(48, Gpu, gpu::cgroup_lost, &[]),
    row(16, Gpu, gpu::node_forbidden, &[]),
    row(61, Gpu, gpu::node_without_driver, &[]),
    row(30, Gpu, gpu::render_node_forbidden, &[]),
    row(46, Gpu, gpu::nvml_forbidden, &[16, 48]),
    row(31, Gpu, gpu::mig, &[]),
    row(32, Gpu, gpu::compute_only, &[]),
    row(28, Driver, gpu::host_driver_without_gl, &[37, 56, 57, 55, 45]),
    row(23, Driver, gpu::graphics_missing, &[37, 56, 57, 55, 45]),
    row(25, Driver, gpu::gpucomp_missing, &[37, 56, 45, 23, 28]),
    row(27, Driver, gpu::no_vendor_file, &[]),
    row(64, Driver, gpu::vendor_file_broken, &[]),
    row(26, Driver, gpu::no_modeset, &[]),
    row(14, Driver, gpu::nvidias_server_without_client, &[37, 56, 57, 55, 59, 23, 28]),
    row(15, Driver, gpu::mesa_without_driver, &[]),
    row(29, Devices, drawing::too_few_devices, NO_GPU),
    row(17, Glx, drawing::no_offload, BROKEN_LIBRARY),
    row(18, Glx, drawing::forwarded_display, BROKEN_LIBRARY),
    row(19, Glx, drawing::nouveau, BROKEN_LIBRARY),
    row(66, Glx, drawing::glx_fails, ANYTHING),
    row(67, Egl, drawing::egl_fails, ANYTHING),
    row(68, OffScreen, drawing::off_screen_fails, NO_GPU),
    row(69, Picture, drawing::wrong_picture, BROKEN_LIBRARY),
    row(49, Devices, drawing::egl_fails_nvml_works, ANYTHING),
    row(20, Glx, drawing::another_gpu, &[17]),
    row(21, Renderer, drawing::software, NO_GPU),
    row(63, Glx, drawing::vendor_variable_missing, NO_X),
    row(22, Glx, drawing::copied_frames, &[]),
    row(34, Glx, drawing::vertical_sync, &[]),
    row(39, Container, unseen, &[]),
    row(40, Container, unseen, &[]),
    row(41, Container, unseen, &[]),
    row(42, Container, unseen, &[]),
    row(43, Container, unseen, &[]),
    row(44, Container, unseen, &[]),
    row(47, Container, unseen, &[]),
];
