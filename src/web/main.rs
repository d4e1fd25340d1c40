//! `rust-gears-web`: the gears of the image `isolated` in a browser.
//!
//! ```text
//! the gears ──JSON lines on standard input──▶ /figures ─┐
//! the X server ──RFB on a Unix socket───────▶ /rfb ─────┴─▶ the page, where noVNC shows the screen
//! ```
//!
//! The page and noVNC are for everybody; the screen and the figures are for whoever knows the password.

mod figures;
mod password;
mod rfb;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::serve::ListenerExt;
use clap::Parser;
use figures::Figures;
use password::Password;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tower_http::services::ServeDir;

/// Shows an X server's screen, and the gears' figures, to browsers.
///
/// Standard input: what `rust-gears --json` prints. The environment variable RUST_GEARS_PASSWORD: the password.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:6080")]
    listen: SocketAddr,

    /// The Unix socket where the X server speaks RFB
    #[arg(long, value_name = "PATH")]
    rfb: PathBuf,

    /// noVNC's files
    #[arg(long, value_name = "FOLDER", default_value = "/usr/share/novnc")]
    novnc: PathBuf,
}

/// What every request may need.
struct Site {
    password: Password,
    rfb: PathBuf,
    figures: Figures,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let Some(password) = Password::from_environment() else {
        eprintln!("rust-gears-web: RUST_GEARS_PASSWORD is not set, and without a password everybody would get in");
        return ExitCode::from(2);
    };
    let listen = args.listen;
    match serve(args, password).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-gears-web: cannot listen at {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args, password: Password) -> std::io::Result<()> {
    let site = Arc::new(Site { password, rfb: args.rfb, figures: Figures::read(tokio::io::stdin()) });
    let router = Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route(
            "/page.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], include_str!("page.js")) }),
        )
        .nest_service("/novnc", ServeDir::new(args.novnc))
        .route("/rfb", get(rfb::connect))
        .route("/figures", get(figures::stream))
        .route("/health", get(health))
        .with_state(site);
    // A picture goes out in many small messages, and none of them is to wait for the next.
    let listener = tokio::net::TcpListener::bind(args.listen).await?.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

/// 200 where somebody who came now would see the gears: they have drawn, and the X server answers.
async fn health(State(site): State<Arc<Site>>) -> impl IntoResponse {
    match rfb::greets(&site.rfb).await {
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("the X server does not answer: {reason}\n")),
        Ok(()) if site.figures.latest().is_none() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the gears have drawn nothing yet\n".into())
        }
        Ok(()) => (StatusCode::OK, "the gears turn\n".into()),
    }
}
