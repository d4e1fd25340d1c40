//! Passes the gears' figures, one JSON object per line, to every viewer.

use super::Site;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// The latest line, and notice of the next.
pub struct Figures(watch::Receiver<Option<String>>);

impl Figures {
    /// Reads lines until there are no more.
    pub fn read(source: impl AsyncRead + Unpin + Send + 'static) -> Figures {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let mut lines = BufReader::new(source).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                sender.send_replace(Some(line + "\n"));
            }
        });
        Figures(receiver)
    }

    /// The last line.
    pub fn latest(&self) -> Option<String> {
        self.0.borrow().clone()
    }
}

/// The latest line at once, then each new one until the gears end. A slow viewer misses some.
pub async fn stream(State(site): State<Arc<Site>>) -> Response {
    let mut receiver = site.figures.0.clone();
    receiver.mark_changed();
    let lines = stream::unfold(receiver, |mut receiver| async {
        loop {
            receiver.changed().await.ok()?;
            let line = receiver.borrow_and_update().clone();
            if let Some(line) = line {
                return Some((Ok::<_, Infallible>(line), receiver));
            }
        }
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_latest_line_is_kept_and_the_end_is_noticed() {
        let mut figures = Figures::read(&b"{\"fps\":1}\n{\"fps\":2}\n"[..]);
        while figures.0.changed().await.is_ok() {}
        assert_eq!(figures.latest().as_deref(), Some("{\"fps\":2}\n"));
    }
}
