//! Parses, dispatches, and turns an error into a message and an exit code.

use clap::Parser;
use rust_gears::cli::{Args, BenchOptions, Command, Options, accept_single_dash};
use rust_gears::error::Error;
use rust_gears::{bench, console, devices, doctor, session, signals};
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        console::say(&format!("this is a fault of rust-gears, please report it: {info}"));
    }));
    let args = Args::parse_from(accept_single_dash(std::env::args_os()));
    let mut options = None;
    match run(args, &mut options) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            console::say(&error.to_string());
            if let Some(cause) = options.and_then(|options| doctor::leading_cause(&error, &options)) {
                console::say(&cause);
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Does what the command line says. Leaves the options of what was to draw where a message about it can find them.
fn run(mut args: Args, to_draw: &mut Option<Options>) -> Result<u8, Error> {
    let display = std::env::var("DISPLAY").ok();
    match args.command.take() {
        Some(Command::Bench(args)) => {
            let options = BenchOptions::new(args, display).map_err(Error::Usage)?;
            *to_draw = Some(options.open.clone());
            return bench::run(&options).map(session::Ended::exit_code);
        }
        Some(Command::Compare(args)) => return bench::compare::run(&args),
        Some(Command::Doctor(args)) => return doctor::run(&args),
        None => {}
    }
    let options = to_draw.insert(Options::new(args, display).map_err(Error::Usage)?);
    if options.list_devices {
        devices::list(options.json)?;
        return Ok(0);
    }
    let ended = session::run(options)?;
    signals::exit_at_once(ended.exit_code())
}
