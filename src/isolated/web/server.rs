//! Accepts connections: each gets a place, little memory, and little time for its request.

use super::places::{Place, Places};
use axum::extract::Request;
use axum::{Router, middleware};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::ready;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

/// How long a request's headers may take, and how long a connection may be idle between two requests.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// Bytes per connection; the smallest that hyper accepts.
const BUFFER: usize = 8192;
/// How long to wait after an error that isn't a connection's own, such as a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the network.
pub async fn run(listener: TcpListener, router: Router) {
    let places = Places::default();
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // A picture is sent in many small messages, none of which should wait for the next.
        let _ = stream.set_nodelay(true);
        let place = places.take(peer.ip()).await;
        tokio::spawn(serve(stream, place, router.clone()));
    }
}

/// Serves this container, whose connections don't queue behind the network's.
pub async fn run_local(listener: UnixListener, router: Router) {
    let places = Places::default();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let place = places.take(Ipv4Addr::LOCALHOST.into()).await;
                tokio::spawn(serve(stream, place, router.clone()));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Serves one connection until it ends or loses its place.
pub async fn serve<S>(stream: S, place: Arc<Place>, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let known = place.clone();
    let router = router.layer(middleware::map_request(move |mut request: Request| {
        known.asks();
        request.extensions_mut().insert(known.clone());
        ready(request)
    }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    tokio::select! { _ = connection => (), () = place.has_to_leave() => () }
}
