//! Parses, dispatches, and turns an error into a message and an exit code.

use rust_gears::cli::{self, Mode};
use rust_gears::error::Error;
use rust_gears::{bench, console, devices, doctor, gears, signals};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        console::say(&format!("this is a bug in rust-gears, please report it: {info}"));
    }));
    let args = match cli::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(usage) if usage.use_stderr() => usage.exit(),
        Err(help) => return print(&help),
    };
    let mode = match Mode::new(args, std::env::var("DISPLAY").ok()) {
        Ok(mode) => mode,
        Err(reason) => return fail(&Error::Usage(reason)),
    };
    match run(&mode) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let canvas = mode.canvas().cloned().unwrap_or_default();
            doctor::explain(&error, &canvas).iter().for_each(|message| console::say(message));
            ExitCode::from(error.exit_code())
        }
    }
}

fn fail(error: &Error) -> ExitCode {
    console::say(&error.to_string());
    ExitCode::from(error.exit_code())
}

/// Prints the text of `--help` or `--version`. clap's own function ignores a full disk.
fn print(help: &clap::Error) -> ExitCode {
    match help.print().and_then(|()| io::stdout().flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => fail(&Error::Output(e.into())),
        _ => ExitCode::SUCCESS,
    }
}

fn run(mode: &Mode) -> Result<u8, Error> {
    // The gears and the benchmark handle signals themselves, because they have results to write.
    if !matches!(mode, Mode::Gears(_) | Mode::Bench(_)) {
        signals::end_at_the_first()?;
    }
    match mode {
        Mode::Gears(request) => {
            let ended = gears::run(request)?;
            signals::exit_at_once(ended.exit_code())
        }
        Mode::ListDevices { json } => devices::list(*json).map(|()| 0),
        Mode::Bench(request) => bench::run(request),
        Mode::Compare(request) => bench::compare::run(request),
        Mode::Doctor(request) => doctor::run(request),
    }
}
