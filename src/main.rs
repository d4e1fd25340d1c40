//! Parses, dispatches, and turns an error into a message and an exit code.

use clap::Parser;
use rust_gears::cli::{Args, BenchOptions, Command, Options, accept_single_dash};
use rust_gears::error::Error;
use rust_gears::{bench, devices, report, session};
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

fn run(mut args: Args) -> Result<u8, Error> {
    let display = std::env::var("DISPLAY").ok();
    match args.command.take() {
        Some(Command::Bench(args)) => {
            let options = BenchOptions::new(args, display).map_err(Error::Usage)?;
            return bench::run(&options).map(session::Ended::exit_code);
        }
        Some(Command::Compare(args)) => return bench::compare::run(&args),
        None => {}
    }
    let options = Options::new(args, display).map_err(Error::Usage)?;
    if options.list_devices {
        devices::list(options.json)?;
        return Ok(0);
    }
    session::run(&options).map(session::Ended::exit_code)
}
