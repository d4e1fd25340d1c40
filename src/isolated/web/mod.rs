//! `rust-gears-web`: the gears of the image `isolated` in a browser.
//!
//! ```text
//! the gears ──JSON lines on standard input──▶ /figures ─┐
//! the X server ──RFB on a Unix socket───────▶ /rfb ─────┴─▶ the page, where noVNC shows the screen
//! ```
//!
//! Everybody can get the page and noVNC; the screen and the figures need the password.

pub mod admission;
mod figures;
mod health;
pub mod places;
pub mod rfb;
pub mod server;

use admission::Password;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, Response};
use axum::routing::get;
use axum::{Router, middleware};
use clap::Parser;
use figures::Figures;
use std::fmt::Display;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncRead;
use tokio::net::{TcpListener, UnixListener};
use tower_http::services::ServeDir;

/// Shows an X server's screen and the gears' figures in browsers.
///
/// Reads the output of `rust-gears --json` from standard input, and the password from the environment variable
/// RUST_GEARS_PASSWORD.
#[derive(Debug, Parser)]
#[command(name = "rust-gears-web", version)]
struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:6080")]
    listen: SocketAddr,

    /// A Unix socket to listen on as well, for the health check
    #[arg(long, value_name = "PATH")]
    local: PathBuf,

    /// The Unix socket where the X server speaks RFB
    #[arg(long, value_name = "PATH")]
    rfb: PathBuf,

    /// noVNC's files
    #[arg(long, value_name = "FOLDER", default_value = "/usr/share/novnc")]
    novnc: PathBuf,
}

/// State for all requests.
pub struct Site {
    password: Password,
    rfb: PathBuf,
    figures: Figures,
    asks_x_server: tokio::sync::Mutex<()>,
    refusals: Mutex<admission::Log>,
}

impl Site {
    /// Starts to read the gears' figures.
    pub fn new(password: Password, rfb: PathBuf, figures: impl AsyncRead + Unpin + Send + 'static) -> Arc<Site> {
        Arc::new(Site {
            password,
            rfb,
            figures: Figures::read(figures),
            asks_x_server: tokio::sync::Mutex::default(),
            refusals: Mutex::default(),
        })
    }
}

/// Sent with every answer. The page can only run what this server has; noVNC draws JPEG rectangles from `data:` URLs.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// One of them waits for the gears' figures; the rest read noVNC's files.
const THREADS: usize = 4;

pub fn main() -> ExitCode {
    let args = Args::parse();
    let Some(password) = Password::from_environment() else {
        eprintln!("rust-gears-web: RUST_GEARS_PASSWORD is not set, and without a password everybody would get in");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(THREADS).build();
    let served = match runtime {
        Ok(runtime) => runtime.block_on(serve(args, password)),
        Err(error) => Err(format!("cannot start: {error}")),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-gears-web: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args, password: Password) -> Result<(), String> {
    let cannot_listen = |at: &dyn Display, error: io::Error| format!("cannot listen at {at}: {error}");
    let listener = TcpListener::bind(args.listen).await.map_err(|error| cannot_listen(&args.listen, error))?;
    let local = UnixListener::bind(&args.local).map_err(|error| cannot_listen(&args.local.display(), error))?;
    let site = Site::new(password, args.rfb, tokio::io::stdin());
    let router = router(site, &args.novnc);
    tokio::join!(server::run(listener, router.clone()), server::run_local(local, router));
    Ok(())
}

/// The routes. `novnc` is the folder with noVNC's files.
pub fn router(site: Arc<Site>, novnc: &Path) -> Router {
    Router::new()
        .route("/rfb", get(rfb::connect))
        .route("/figures", get(figures::stream))
        .route_layer(middleware::from_fn_with_state(site.clone(), admission::admit))
        .route("/", get(|| ready(Html(include_str!("page.html")))))
        .route("/page.css", get(|| ready(([(header::CONTENT_TYPE, "text/css")], include_str!("page.css")))))
        .route("/page.js", get(|| ready(([(header::CONTENT_TYPE, "text/javascript")], include_str!("page.js")))))
        .nest_service("/novnc", ServeDir::new(novnc))
        .route("/health", get(health::health))
        .with_state(site)
        .layer(middleware::map_response(|mut response: Response| {
            response.headers_mut().extend(HEADERS);
            ready(response)
        }))
}
