//! Runs this program again, as a child process that measures part of what this one was asked for.

use std::ffi::OsString;
use std::io;
use std::process::Command;

/// Options that apply to the whole run and aren't passed on: flags, and options with a value. What follows
/// `--against` is another side's command.
const FLAGS: &[&str] = &["--all-devices", "--markdown"];
const VALUED: &[&str] = &["--json", "--keep", "--fail-below", "--same-within"];
const LAST: &str = "--against";

/// This program, with this process's own options.
///
/// # Errors
/// Returns an error if the kernel doesn't say where the program is.
pub fn this_program() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(of_a_part(std::env::args_os().skip(1)));
    Ok(command)
}

fn of_a_part(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut given = given.take_while(|word| word != LAST);
    let mut kept = Vec::new();
    while let Some(word) = given.next() {
        let text = word.to_string_lossy();
        match text.split_once('=').map_or(&*text, |(name, _)| name) {
            name if FLAGS.contains(&name) => {}
            name if VALUED.contains(&name) => {
                if !text.contains('=') {
                    given.next();
                }
            }
            _ => kept.push(word),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_measured_as_asked_and_reports_to_its_parent() {
        for given in [
            &["bench", "--all-devices", "--json", "a.json", "--quick", "--json=b", "--markdown"][..],
            &[
                "bench",
                "--keep",
                "a",
                "--quick",
                "--fail-below=0.9",
                "--same-within",
                "0.1",
                "--against",
                "b",
                "c",
                "--rounds",
                "3",
            ],
        ] {
            assert_eq!(of_a_part(given.iter().map(Into::into)), ["bench", "--quick"]);
        }
    }
}
