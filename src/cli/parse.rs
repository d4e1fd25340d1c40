//! From argv to [`Args`]. First rewrites what clap would misunderstand.

use super::{Args, accept_single_dash, ends_options};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Error, Parser};
use std::ffi::OsString;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Parses the command line.
///
/// # Errors
/// Returns a message for the user. The texts of `--help` and `--version` are returned this way, too.
pub fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<Args, Error> {
    let argv = join_negative_values(accept_single_dash(argv));
    match option_with_one_dash(&argv) {
        Some(error) => Err(error),
        None => Args::try_parse_from(argv),
    }
}

/// How many words of `argv` can be options.
fn before_end_of_options(argv: &[OsString]) -> usize {
    argv.iter().position(ends_options).unwrap_or(argv.len())
}

/// Rewrites `--duration -1s` as `--duration=-1s`. No option begins with a digit, so the word must be a value. clap
/// then says what is wrong with it instead of calling it an unknown option.
fn join_negative_values(argv: Vec<OsString>) -> Vec<OsString> {
    let end = before_end_of_options(&argv);
    let is_negative = |word: &OsString| {
        matches!(word.as_encoded_bytes(), [b'-', b'0'..=b'9', ..] | [b'-', b'.', b'0'..=b'9', ..])
    };
    let takes_value = |word: &OsString| {
        let bytes = word.as_encoded_bytes();
        bytes.starts_with(b"--") && !bytes.contains(&b'=')
    };
    let mut joined: Vec<OsString> = Vec::with_capacity(argv.len());
    for (index, word) in argv.into_iter().enumerate() {
        match joined.last_mut() {
            Some(option) if index < end && is_negative(&word) && takes_value(option) => {
                option.push("=");
                option.push(word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// The error for an option typed with one dash, suggesting the right spelling. clap would read `-duration` as several
/// short options, and `-html` as `-h`.
fn option_with_one_dash(argv: &[OsString]) -> Option<Error> {
    let mut root = Args::command();
    root.build();
    let subcommand = argv.get(1).and_then(|word| word.to_str()).and_then(|name| root.find_subcommand(name));
    let command = subcommand.unwrap_or(&root);
    let names: Vec<&str> = command.get_arguments().filter_map(|argument| argument.get_long()).collect();
    let words = argv[..before_end_of_options(argv)].iter().skip(1).filter_map(|word| word.to_str());
    let typed = words.filter_map(|word| word.split('=').next()).find(|word| {
        let name = word.strip_prefix('-');
        name.is_some_and(|name| names.contains(&name))
    })?;
    let mut error = Error::new(ErrorKind::UnknownArgument).with_cmd(command);
    error.insert(ContextKind::InvalidArg, ContextValue::String(typed.to_owned()));
    error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("-{typed}")));
    Some(error)
}

/// Parses a whole number in `range`. The error message states the range.
pub(super) fn whole_number<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = range.clone().into_inner();
            format!("write a whole number from {least} to {most}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(words: &[&str]) -> String {
        let argv = std::iter::once("rust-gears").chain(words.iter().copied()).map(Into::into);
        parse(argv).expect_err(&words.join(" ")).to_string()
    }

    #[test]
    fn a_negative_number_is_told_what_is_wrong_with_it() {
        for (words, reason) in [
            (&["--frames", "-1"][..], "write a whole number from 1 to"),
            (&["--duration", "-1"], "must be longer than zero"),
            (&["--duration", "-1s"], "must be longer than zero"),
            (&["--interval", "-.5"], "must be longer than zero"),
            (&["-samples", "-1"], "write a whole number from 0 to 64"),
            (&["-swapinterval", "-1001"], "write a whole number from -1000 to 1000"),
            (&["--device", "-1"], "--list-devices"),
            (&["-geometry", "-1x-1"], "640x480+10-20"),
            (&["bench", "--duration", "-1"], "must be longer than zero"),
            (&["bench", "--rounds", "-1"], "write a whole number from 1 to 1000"),
            (&["bench", "--samples", "-1"], "write a whole number from 0 to 64"),
            (&["bench", "--gears", "-1"], "write a whole number from 1 to 1000000"),
            (&["bench", "--test-slow-down", "-1"], "percentage"),
            (&["compare", "a", "b", "--fail-below", "-1"], "write 0.95"),
            (&["compare", "a", "b", "--same-within", "3"], "write 0.03 for 3 %"),
        ] {
            let message = message(words);
            assert!(message.contains(reason), "{words:?}: {message}");
            assert!(!message.contains("unexpected"), "{words:?}: {message}");
        }
    }

    #[test]
    fn negative_numbers_are_taken_where_they_have_a_meaning() {
        for words in [
            &["-swapinterval", "-1"][..],
            &["--angle", "-12.5"],
            &["--view", "-20,-30,0"],
            &["-geometry", "-0-0"],
            &["bench", "--geometry", "-0-0"],
        ] {
            let argv = std::iter::once("rust-gears").chain(words.iter().copied()).map(Into::into);
            parse(argv).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        }
    }

    #[test]
    fn every_option_typed_with_one_dash_gets_a_hint() {
        let mut root = Args::command();
        root.build();
        let mut hints = 0;
        for command in std::iter::once(&root).chain(root.get_subcommands()) {
            let before: &[&str] = if command.get_name() == root.get_name() { &[] } else { &[command.get_name()] };
            for name in command.get_arguments().filter_map(|argument| argument.get_long()) {
                let typed = format!("-{name}");
                if accept_single_dash([OsString::from(&typed)]) != [OsString::from(&typed)] {
                    continue;
                }
                hints += 1;
                let message = message(&[before, &[&typed, "1"]].concat());
                assert!(message.contains(&format!("'{typed}'")), "{message}");
                assert!(message.contains(&format!("'--{name}'")), "{message}");
            }
        }
        assert!(hints > 25, "{hints}");
    }

    #[test]
    fn what_follows_two_dashes_is_no_option() {
        let words: Vec<OsString> = ["gears", "--frames", "--", "-1", "-duration"].map(Into::into).to_vec();
        assert_eq!(join_negative_values(words.clone()), words);
        assert!(option_with_one_dash(&words).is_none());
    }
}
