//! The programs of the image `isolated`: `isolated`, its process 1, and `rust-gears-web`, its web server. They are one file
//! with two names, because they share libraries. They run as two processes, so the network doesn't reach the one that looks
//! after all the others.
//!
//! ```text
//! isolated ─┬─ Xvnc             the X server
//!           ├─ rust-gears-web   shows the X server's screen, and what the gears print, to browsers
//!           └─ rust-gears       draws on the X server
//! ```

mod announcement;
mod children;
mod commands;
mod health;
mod password;
mod supervisor;
mod task;
mod web;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use task::Task;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let path = args.next().unwrap_or_default();
    if Path::new(&path).file_name() == Some(OsStr::new(commands::WEB_SERVER)) {
        return web::main();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(async {
            match Task::from_args(args) {
                Task::Health => supervisor::report_health().await,
                Task::Run(way, options) => supervisor::run(way, &options).await,
            }
        }),
        Err(error) => {
            supervisor::say(format_args!("cannot start: {error}"));
            ExitCode::FAILURE
        }
    }
}
