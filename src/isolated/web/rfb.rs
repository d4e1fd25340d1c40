//! RFB, the protocol of VNC (RFC 6143), between a WebSocket and the X server's Unix socket. Bytes are forwarded
//! unchanged. The X server doesn't ask for a password, so nobody gets here without ours.

use super::Site;
use super::places::Place;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// The subprotocol that noVNC has always used. A browser requires that one of those it offered is chosen.
pub const SUBPROTOCOL: &str = "binary";
/// How much is read and sent at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// How long the X server's greeting may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Connects a viewer to the X server.
pub async fn connect(
    State(site): State<Arc<Site>>,
    Extension(place): Extension<Arc<Place>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    match UnixStream::connect(&site.rfb).await {
        Ok(server) => {
            let upgrade = upgrade.protocols([SUBPROTOCOL]).max_message_size(CHUNK).max_frame_size(CHUNK);
            upgrade.on_upgrade(|viewer| async move {
                hand_on(viewer, server).await;
                drop(place);
            })
        }
        Err(error) => {
            (StatusCode::BAD_GATEWAY, format!("the X server does not answer: {error}\n")).into_response()
        }
    }
}

/// Forwards until one of them ends. A viewer that disconnects is not an error, because there is nobody to report it
/// to.
async fn hand_on(viewer: WebSocket, server: UnixStream) {
    let (mut to_viewer, mut from_viewer) = viewer.split();
    let (mut from_server, mut to_server) = server.into_split();
    let down = async {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
            if to_viewer.send(Message::Binary(Bytes::copy_from_slice(&chunk[..length]))).await.is_err() {
                return;
            }
        }
        let _ = to_viewer.close().await;
    };
    let up = async {
        while let Some(Ok(message)) = from_viewer.next().await {
            if let Message::Binary(bytes) = message
                && to_server.write_all(&bytes).await.is_err()
            {
                return;
            }
        }
    };
    tokio::select! { () = down => (), () = up => () }
}

/// Checks that the X server greets a new connection as RFB requires.
///
/// # Errors
/// Returns why it doesn't, in words.
pub async fn greets<S: AsyncRead + Unpin>(connect: impl Future<Output = io::Result<S>>) -> Result<(), String> {
    tokio::time::timeout(PATIENCE, async {
        let stream = connect.await.map_err(|error| error.to_string())?;
        greeting(stream).await
    })
    .await
    .unwrap_or_else(|_| Err(format!("it says nothing for {} s", PATIENCE.as_secs())))
}

/// Checks that a stream begins with RFB's greeting.
///
/// # Errors
/// Returns why it doesn't, in words without control characters, whatever the stream says.
pub async fn greeting(mut stream: impl AsyncRead + Unpin) -> Result<(), String> {
    let mut said = [0; 4];
    stream.read_exact(&mut said).await.map_err(|error| error.to_string())?;
    if &said == b"RFB " {
        Ok(())
    } else {
        Err(format!("it says {:?}, which is not RFB", String::from_utf8_lossy(&said)))
    }
}
