//! Talks to an X server: what it is, and what this client may use.

use crate::canvas::{self, NoAnswer};
use crate::doctor::facts::{XAnswer, XServer};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::glx::ConnectionExt as _;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Connects like any X program, with the same cookies.
pub(super) fn ask(display: &str) -> Result<XAnswer, String> {
    let (connection, screen) = match canvas::connect(display) {
        Ok(connected) => connected,
        Err(NoAnswer::Refused(words)) => return Ok(XAnswer::Refused(words)),
        Err(e) => return Err(e.to_string()),
    };
    let names = connection.list_extensions().map_err(|e| e.to_string())?.reply().map_err(|e| e.to_string())?.names;
    let mut extensions: Vec<String> =
        names.into_iter().map(|name| String::from_utf8_lossy(&name.name).into_owned()).collect();
    extensions.sort();
    Ok(XAnswer::Welcome(XServer {
        vendor: String::from_utf8_lossy(&connection.setup().vendor).into_owned(),
        release: connection.setup().release_number,
        depth: connection.setup().roots.get(screen).map(|screen| screen.root_depth),
        glx_vendor: glx_vendor(&connection, screen as u32),
        shared_memory: extensions
            .iter()
            .any(|name| name == "MIT-SHM")
            .then(|| canvas::try_shared_memory(&connection)),
        extensions,
    }))
}

fn glx_vendor(connection: &RustConnection, screen: u32) -> Option<String> {
    const GLX_VENDOR: u32 = 1;
    connection.extension_information("GLX").ok().flatten()?;
    let reply = connection.glx_query_server_string(screen, GLX_VENDOR).ok()?.reply().ok()?;
    Some(String::from_utf8_lossy(&reply.string).trim_end_matches('\0').to_owned())
}
