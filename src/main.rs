//! Parses, dispatches, and turns an error into a message and an exit code.

use clap::Parser;
use rust_gears::cli::{Args, Options, accept_single_dash};
use rust_gears::error::Error;
use rust_gears::{devices, report, session};
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        report::say(&format!("this is a fault of rust-gears, please report it: {info}"));
    }));
    let args = Args::parse_from(accept_single_dash(std::env::args_os()));
    match run(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report::say(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(args: Args) -> Result<u8, Error> {
    let options = Options::new(args, std::env::var("DISPLAY").ok()).map_err(Error::Usage)?;
    if options.list_devices {
        devices::list(options.json)?;
        return Ok(0);
    }
    session::run(&options).map(session::Ended::exit_code)
}
