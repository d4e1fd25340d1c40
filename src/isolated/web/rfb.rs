//! RFB, the protocol of VNC (RFC 6143), between a WebSocket and the X server's Unix socket. Bytes are handed on as they
//! come; the X server asks for no password of its own, so nobody gets here without ours.

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

/// The subprotocol that noVNC has always spoken. A browser wants one of those it offered to be chosen.
pub const SUBPROTOCOL: &str = "binary";
/// As much as is read, and sent, at once, in bytes.
const CHUNK: usize = 64 * 1024;
/// How long the X server may take to say its name.
const PATIENCE: Duration = Duration::from_secs(2);

/// Hands a viewer on to the X server.
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

/// Until one of them ends. A viewer that breaks off is no error: nobody is there to be told.
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

/// Whether the X server greets whoever connects, as RFB wants it.
///
/// # Errors
/// Why not, in words.
pub async fn greets<S: AsyncRead + Unpin>(connect: impl Future<Output = io::Result<S>>) -> Result<(), String> {
    tokio::time::timeout(PATIENCE, async {
        let stream = connect.await.map_err(|error| error.to_string())?;
        greeting(stream).await
    })
    .await
    .unwrap_or_else(|_| Err(format!("it says nothing for {} s", PATIENCE.as_secs())))
}

/// Whether a stream begins as RFB does.
///
/// # Errors
/// Why not, in words without control characters, whatever it says.
pub async fn greeting(mut stream: impl AsyncRead + Unpin) -> Result<(), String> {
    let mut said = [0; 4];
    stream.read_exact(&mut said).await.map_err(|error| error.to_string())?;
    if &said == b"RFB " {
        Ok(())
    } else {
        Err(format!("it says {:?}, which is not RFB", String::from_utf8_lossy(&said)))
    }
}
