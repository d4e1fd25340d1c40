//! What anybody may send to the web server of the image `isolated`: requests, and behind the password, WebSocket messages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
use tokio::net::UnixListener;
use tokio::runtime::Builder;

#[allow(dead_code)]
#[path = "../../src/isolated/web/mod.rs"]
mod web;

const PASSWORD: &str = "s3cret";
const FIGURES: &str = "what the gears say";
const OUTSIDE: &str = "beside the folder of noVNC";

/// The server's own time limits are shorter. The clock jumps to the next of them whenever nobody has anything to do.
const LIMIT: Duration = Duration::from_secs(60);

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let answer = runtime.block_on(answer_to(bytes, folder.path()));
    let says = |text: &str| answer.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!says(OUTSIDE));
    if !bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()) {
        assert!(!says(FIGURES) && !says("101 Switching Protocols"));
    }
});

async fn answer_to(bytes: &[u8], folder: &Path) -> Vec<u8> {
    let (novnc, socket) = (folder.join("novnc"), folder.join("rfb"));
    std::fs::create_dir(&novnc).expect("a folder");
    std::fs::write(novnc.join("rfb.js"), "a file of noVNC").expect("a file");
    std::fs::write(folder.join("outside"), OUTSIDE).expect("a file");
    let x_server = UnixListener::bind(&socket).expect("a socket");
    tokio::spawn(async move {
        while let Ok((mut viewer, _)) = x_server.accept().await {
            let _ = viewer.write_all(b"RFB 003.008\n").await;
            let _ = viewer.read_to_end(&mut Vec::new()).await;
        }
    });

    let site = web::Site::new(web::admission::Password(PASSWORD.into()), socket, FIGURES.as_bytes());
    let place = web::places::Places::default().take([127, 0, 0, 1].into()).await;
    let (near, far) = duplex(64 * 1024);
    tokio::spawn(web::server::serve(far, place, web::router(site, &novnc)));
    let (mut from_server, mut to_server) = split(near);
    let mut answer = Vec::new();
    let talk = async {
        let ask = async {
            let _ = to_server.write_all(bytes).await;
            // A server answers nobody who has closed already.
            tokio::time::sleep(LIMIT / 2).await;
            let _ = to_server.shutdown().await;
        };
        let listen = from_server.read_to_end(&mut answer);
        let _ = tokio::join!(ask, listen);
    };
    tokio::time::timeout(LIMIT, talk).await.expect("the connection ends");
    answer
}
