//! Shared memory with an X server (MIT-SHM), through which Mesa shows what it drew in software.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

/// Whether the server attaches memory whose file descriptor it is passed (MIT-SHM 1.2), which needs a Unix socket.
pub fn takes_descriptors(connection: &RustConnection) -> bool {
    let ask = || -> Option<bool> {
        let socket = UnixStream::from(connection.stream().as_fd().try_clone_to_owned().ok()?);
        socket.peer_addr().ok()?;
        connection.extension_information(shm::X11_EXTENSION_NAME).ok()??;
        let version = connection.shm_query_version().ok()?.reply().ok()?;
        Some((version.major_version, version.minor_version) >= (1, 2))
    };
    ask().unwrap_or(false)
}

/// Makes the server attach a segment of shared memory, and detach it again.
///
/// # Errors
/// Returns why it can't: BadAccess if server and client are in different IPC namespaces.
#[expect(unsafe_code)]
pub fn try_shared_memory(connection: &RustConnection) -> Result<(), String> {
    // SAFETY: these calls only take numbers; the segment is this process's own, and is removed below.
    let id = unsafe { libc::shmget(libc::IPC_PRIVATE, 4096, libc::IPC_CREAT | 0o600) };
    if id < 0 {
        return Err(std::io::Error::last_os_error().to_string());
    }
    let attach = || -> Result<(), String> {
        let segment = connection.generate_id().map_err(|e| e.to_string())?;
        let attached = connection.shm_attach(segment, id as u32, false).map_err(|e| e.to_string())?.check();
        match attached {
            Ok(()) => {
                connection.shm_detach(segment).map_err(|e| e.to_string())?.ignore_error();
                Ok(())
            }
            Err(x11rb::errors::ReplyError::X11Error(error)) => Err(format!("{:?}", error.error_kind)),
            Err(other) => Err(other.to_string()),
        }
    };
    let outcome = attach();
    // SAFETY: as above.
    unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
    outcome
}
