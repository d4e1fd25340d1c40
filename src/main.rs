//! Parses, dispatches, and turns an error into a message and an exit code.

use clap::Parser;
use rust_gears::cli::{Args, Command, Options, accept_single_dash};
use rust_gears::error::Error;
use rust_gears::{devices, doctor, report, session};
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        report::say(&format!("this is a fault of rust-gears, please report it: {info}"));
    }));
    let args = Args::parse_from(accept_single_dash(std::env::args_os()));
    let mut options = None;
    match run(args, &mut options) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report::say(&error.to_string());
            if let Some(cause) = options.and_then(|options| doctor::leading_cause(&error, &options)) {
                report::say(&cause);
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Does what the command line says. Leaves the options of a run where a message about it can find them.
fn run(args: Args, of_run: &mut Option<Options>) -> Result<u8, Error> {
    if let Some(command) = &args.command {
        return match command {
            Command::Doctor(args) => doctor::run(args),
        };
    }
    let options = of_run.insert(Options::new(args, std::env::var("DISPLAY").ok()).map_err(Error::Usage)?);
    if options.list_devices {
        devices::list(options.json)?;
        return Ok(0);
    }
    session::run(options).map(session::Ended::exit_code)
}
