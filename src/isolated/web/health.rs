//! Whether a new viewer would see the gears.

use super::{Site, rfb};
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;
use tokio::net::UnixStream;

/// 200 if the gears have drawn and the X server answers; otherwise 503 and the reason.
pub async fn health(State(site): State<Arc<Site>>) -> (StatusCode, String) {
    let greeted = {
        // Anybody may ask, but only one at a time, which keeps the X server's connections free for viewers.
        let _turn = site.asks_x_server.lock().await;
        rfb::greets(UnixStream::connect(&site.rfb)).await
    };
    match greeted {
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("the X server does not answer: {reason}\n")),
        Ok(()) if site.figures.latest().is_none() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the gears have drawn nothing yet\n".into())
        }
        Ok(()) => (StatusCode::OK, "the gears turn\n".into()),
    }
}
