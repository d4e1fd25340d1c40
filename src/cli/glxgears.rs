//! glxgears' options have long names behind a single dash, which clap doesn't support.

use super::ends_options;
use std::ffi::OsString;

/// glxgears' options and their names here.
const SINGLE_DASH: &[(&str, &str)] = &[
    ("-display", "--display"),
    ("-geometry", "--geometry"),
    ("-fullscreen", "--fullscreen"),
    ("-samples", "--samples"),
    ("-stereo", "--stereo"),
    ("-srgb", "--srgb"),
    ("-swapinterval", "--swap-interval"),
    ("-info", "--info"),
    ("-help", "--help"),
];

/// Rewrites glxgears' single-dash options with two dashes, and leaves everything else unchanged.
pub fn accept_single_dash(argv: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut options_ended = false;
    argv.into_iter()
        .map(|word| {
            options_ended |= ends_options(&word);
            match SINGLE_DASH.iter().find(|(typed, _)| word == *typed) {
                Some((_, meant)) if !options_ended => meant.into(),
                _ => word,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(words: &[&str]) -> Vec<String> {
        accept_single_dash(words.iter().map(Into::into)).into_iter().map(|w| w.into_string().unwrap()).collect()
    }

    #[test]
    fn glxgears_words_get_their_second_dash() {
        assert_eq!(
            rewrite(&["-info", "-geometry", "640x480-0+5", "-swapinterval", "-1"]),
            ["--info", "--geometry", "640x480-0+5", "--swap-interval", "-1"]
        );
    }

    #[test]
    fn nothing_else_changes() {
        let words = ["--info", "-V", "-informal", "", "--", "-info"];
        assert_eq!(rewrite(&words), words);
    }
}
