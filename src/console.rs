//! What the program says to people on standard output and standard error. All of it passes through here, and much of
//! it comes from elsewhere: an X server, a driver, another machine's report. None of that may control the reader's
//! terminal, and therefore characters that a terminal interprets are removed. Our own text uses only newlines and
//! tabs.

use std::io::{self, Write};

/// Standard output can't be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output could not be written: {0}\nIs the disk full?")]
pub struct OutputError(#[from] pub io::Error);

/// Standard output. A closed pipe is not an error: it ends the run.
#[derive(Debug, Default)]
pub struct Output {
    is_closed: bool,
}

impl Output {
    /// Nobody reads it any longer.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes text and a newline, and flushes them for readers of a pipe. Each character that a terminal would
    /// interpret becomes `?`.
    ///
    /// # Errors
    /// Returns an error if it can't be written, unless the pipe is closed.
    pub fn line(&mut self, text: &str) -> Result<(), OutputError> {
        self.write(&clean(text))
    }

    /// Like `line`, but for JSON, and without loss: characters that a terminal would interpret are escaped. (In JSON
    /// they only occur in strings. serde_json leaves some of them unescaped: DEL, C1 and bidirectional controls.)
    ///
    /// # Errors
    /// Returns an error if it can't be written, unless the pipe is closed.
    pub fn json(&mut self, json: &str) -> Result<(), OutputError> {
        self.write(&escape(json))
    }

    fn write(&mut self, text: &str) -> Result<(), OutputError> {
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => self.is_closed = true,
            written => written?,
        }
        Ok(())
    }
}

/// Writes a line for the user to standard error, cleaned as in [`Output::line`]. If that fails, there is nobody to
/// tell.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "rust-gears: {}", clean(text));
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if is_command(c) { '?' } else { c }).collect()
}

fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        // All of them have at most four hexadecimal digits.
        if is_command(c) { escaped += &format!("\\u{:04x}", u32::from(c)) } else { escaped.push(c) }
    }
    escaped
}

/// Whether a terminal interprets a character instead of showing it: C0 (ESC begins most commands), DEL, C1 (0x9b is
/// ESC [ in one character), and those that change the direction of text and thereby display it in another order.
fn is_command(c: char) -> bool {
    let turns_text =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns_text || c.is_control() && c != '\n' && c != '\t'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOSTILE: &str = "a\x1b]0;pwned\x07\x1b[31m\r\u{8}\u{7f}\u{9b}2J\u{202e}\u{2066}\u{61c}z";

    #[test]
    fn text_keeps_its_letters_lines_and_tabs_and_loses_every_command() {
        assert_eq!(clean(HOSTILE), "a?]0;pwned??[31m????2J???z");
        let harmless = "| GPU\tGeForce™ |\n  größer: 日本 ±1 µs\n";
        assert_eq!(clean(harmless), harmless);
    }

    proptest! {
        #[test]
        fn json_means_the_same_and_has_no_commands(text: String) {
            let json = serde_json::to_string_pretty(&[&text, HOSTILE]).unwrap();
            let escaped = escape(&json);
            prop_assert!(!escaped.chars().any(is_command), "{escaped:?}");
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), [text.as_str(), HOSTILE]);
        }
    }
}
