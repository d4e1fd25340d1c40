//! Connects to an X server. x11rb's own function refuses names that libxcb accepts, hides that a cookie file couldn't
//! be opened, and describes a missing server by the TCP port that it tries last. This uses its parts one by one.

use crate::machine::{DisplayName, Family};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use x11rb::errors::ConnectError;
use x11rb::reexports::x11rb_protocol::parse_display::ConnectAddress;
use x11rb::reexports::x11rb_protocol::xauth::get_auth;
use x11rb::rust_connection::{DefaultStream, RustConnection};

#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The name isn't a display's.
    #[error("that is not a display name")]
    NoName,
    /// This process has reached its limit of open files.
    #[error("this process can't open another file (too many open files)")]
    TooManyFiles,
    #[error("there is no socket {0}")]
    NoSocket(String),
    /// The socket is here, but its server has ended.
    #[error("nobody listens at the socket {0}")]
    NobodyListens(String),
    #[error("this user may not open the socket {0}")]
    Forbidden(String),
    /// The socket or port refuses the connection for another reason.
    #[error("{0}")]
    Unreached(io::Error),
    /// Something listens there, but hangs up.
    #[error("it accepted the connection and closed it without an answer")]
    Closed,
    /// The server's own words.
    #[error("it refused: {0}")]
    Refused(String),
    /// The server has fewer screens.
    #[error("it has no screen {0}")]
    NoScreen(u16),
    /// It answers, but winit can't use it.
    #[error("{0}")]
    Toolkit(String),
    /// It doesn't speak X.
    #[error("{0}")]
    Other(ConnectError),
}

impl NoAnswer {
    /// The socket of `name`, or its port, can't be opened.
    fn unopened(name: &DisplayName, error: io::Error) -> NoAnswer {
        match (name.socket(), error.kind()) {
            (Some(socket), ErrorKind::NotFound) => NoAnswer::NoSocket(socket),
            (Some(socket), ErrorKind::ConnectionRefused) => NoAnswer::NobodyListens(socket),
            (Some(socket), ErrorKind::PermissionDenied) => NoAnswer::Forbidden(socket),
            _ => error.into(),
        }
    }
}

impl From<io::Error> for NoAnswer {
    fn from(error: io::Error) -> NoAnswer {
        match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE) => NoAnswer::TooManyFiles,
            _ => NoAnswer::Unreached(error),
        }
    }
}

/// Connects like any X program, with the same cookies. Also returns the number of the screen.
///
/// # Errors
/// Returns what was observed.
pub fn connect(display: &str) -> Result<(RustConnection, usize), NoAnswer> {
    let name = DisplayName::parse(display).ok_or(NoAnswer::NoName)?;
    let (stream, (family, address)) = open(&name).map_err(|e| NoAnswer::unopened(&name, e))?;
    let cookie = match get_auth(family, &address, name.number).map_err(NoAnswer::from) {
        Ok(cookie) => cookie,
        Err(NoAnswer::TooManyFiles) => return Err(NoAnswer::TooManyFiles),
        // The server may let this process in without a cookie.
        Err(_) => None,
    };
    let (kind, secret) = cookie.unwrap_or_default();
    let connection = RustConnection::connect_to_stream_with_auth_info(stream, name.screen.into(), kind, secret);
    let connection = connection.map_err(|error| match error {
        ConnectError::SetupFailed(refusal) => NoAnswer::Refused(words(&refusal.reason)),
        ConnectError::SetupAuthenticate(refusal) => NoAnswer::Refused(words(&refusal.reason)),
        ConnectError::InvalidScreen => NoAnswer::NoScreen(name.screen),
        ConnectError::IoError(e)
            if matches!(
                e.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ) =>
        {
            NoAnswer::Closed
        }
        ConnectError::IoError(e) => e.into(),
        other => NoAnswer::Other(other),
    })?;
    Ok((connection, name.screen.into()))
}

fn words(reason: &[u8]) -> String {
    String::from_utf8_lossy(reason).trim().to_owned()
}

type Opened = (DefaultStream, (x11rb::reexports::x11rb_protocol::xauth::Family, Vec<u8>));

fn open(name: &DisplayName) -> io::Result<Opened> {
    let Some(socket) = name.socket() else {
        let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address of that kind");
        for address in addresses(name)? {
            match TcpStream::connect(address) {
                Ok(stream) => return DefaultStream::from_tcp_stream(stream),
                Err(e) => last = e,
            }
        }
        return Err(last);
    };
    DefaultStream::connect(&ConnectAddress::Socket(socket)).or_else(|error| {
        // As in libxcb. The socket's error is more informative.
        let port = 6000u16.checked_add(name.number).filter(|_| name.path.is_none());
        let stream = port.and_then(|port| TcpStream::connect(("localhost", port)).ok()).ok_or(error)?;
        DefaultStream::from_tcp_stream(stream)
    })
}

/// The addresses of a display that isn't local.
///
/// # Errors
/// Returns why it has none.
pub fn addresses(name: &DisplayName) -> io::Result<Vec<SocketAddr>> {
    let tcp = name.tcp();
    let (host, port) = tcp.ok_or_else(|| io::Error::other("a display's number is at most 59535"))?;
    let all = (host.as_str(), port).to_socket_addrs()?;
    let admits = |address: &SocketAddr| match name.family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    };
    Ok(all.filter(admits).collect())
}
