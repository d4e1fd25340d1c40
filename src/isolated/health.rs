//! Whether the gears can be watched: asks the servers that viewers connect to.

use crate::commands::{RFB_SOCKET, VNC_PORT, WEB_SOCKET};
use crate::task::Way;
use crate::web::rfb;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};

/// How long the web server may take. It gives the X server half of that.
const PATIENCE: Duration = Duration::from_secs(4);
/// How much of its answer is read, in bytes.
const ANSWER: usize = 64 * 1024;

/// How viewers come to the container in which this runs.
pub fn way() -> Way {
    if Path::new(RFB_SOCKET).exists() { Way::Browser } else { Way::Vnc { plain: false } }
}

/// Asks the web server whether the gears have drawn and the X server answers; for VNC viewers, only the X server.
///
/// # Errors
/// Returns why nobody would see the gears, in words.
pub async fn check(way: Way) -> Result<(), String> {
    match way {
        Way::Browser => match tokio::time::timeout(PATIENCE, ask_web_server()).await {
            Err(_) => Err(format!("the web server does not answer for {} s", PATIENCE.as_secs())),
            Ok(Err(error)) => Err(format!("the web server does not answer: {error}")),
            Ok(Ok((StatusCode::OK, _))) => Ok(()),
            Ok(Ok((_, reason))) => Err(reason),
        },
        Way::Vnc { .. } => rfb::greets(TcpStream::connect((Ipv4Addr::LOCALHOST, VNC_PORT)))
            .await
            .map_err(|reason| format!("the X server does not answer: {reason}")),
    }
}

async fn ask_web_server() -> Result<(StatusCode, String), Box<dyn Error>> {
    let stream = UnixStream::connect(WEB_SOCKET).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/health").header(header::HOST, "127.0.0.1").body(Body::empty())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let reason = to_bytes(Body::new(answer.into_body()), ANSWER).await?;
    connection.abort();
    Ok((status, String::from_utf8_lossy(&reason).trim_end().to_owned()))
}
