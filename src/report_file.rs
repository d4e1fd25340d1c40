//! Reports that the user names: a file, a pipe or standard input. They may come from anywhere, so this trusts as
//! little as possible, and says in plain words what is wrong with them.

use serde_json::error::Category;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// The file name that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// Anything longer than this many bytes is not a report and isn't read to its end. bench's longest report, 1,000
/// rounds of every stage, takes 16 MB; a file may hold several reports.
pub const MOST: u64 = 32 << 20;

/// The command that writes a kind of report.
#[derive(Debug)]
pub struct Maker {
    /// The subcommand.
    name: &'static str,
    /// The whole command.
    command: &'static str,
}

/// Reports of `rust-gears bench`.
pub const BENCH: Maker = Maker { name: "bench", command: "rust-gears bench --json report.json" };
/// Reports of `rust-gears doctor`.
pub const DOCTOR: Maker = Maker { name: "doctor", command: "rust-gears doctor --json >report.json" };

#[derive(Debug, thiserror::Error)]
pub enum ReportFileError {
    #[error("{path} could not be read: {reason}")]
    Unreadable { path: String, reason: String },
    /// It isn't a report of this kind.
    #[error("{path} isn't a report of rust-gears {}: {reason}\nMake one with: {}", .maker.name, .maker.command)]
    NoReport {
        path: String,
        /// The command that should have written it.
        maker: &'static Maker,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads the file `path`, or standard input if that is `-`, and parses it with `parse`.
///
/// # Errors
/// Returns an error if it can't be read, or if `parse` rejects it.
pub fn read<T>(
    path: &Path,
    maker: &'static Maker,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, ReportFileError> {
    let name =
        if path.as_os_str() == STANDARD_INPUT { "standard input".into() } else { path.display().to_string() };
    match bytes(path) {
        Err(e) => Err(ReportFileError::Unreadable { path: name, reason: e.to_string() }),
        Ok(bytes) => decode(&bytes).and_then(|text| parse(&text)).map_err(|reason| ReportFileError::NoReport {
            path: name,
            maker,
            reason,
        }),
    }
}

/// The file's content, up to one byte more than the longest report.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == STANDARD_INPUT {
        io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    // Without this, opening a named pipe would wait for a writer.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder; name a file"));
    }
    rustix::io::ioctl_fionbio(&file, false)?;
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.is_empty() && kind.is_fifo() {
        return Err(io::Error::other("it is a pipe, and nothing writes to it"));
    }
    Ok(bytes)
}

/// Decodes the text: PowerShell's `>` writes UTF-16, and Windows editors start files with a byte order mark.
///
/// # Errors
/// Returns what is wrong with it.
pub fn decode(bytes: &[u8]) -> Result<String, String> {
    if bytes.len() as u64 > MOST {
        return Err(format!("it is larger than {} MiB, which no report is", MOST >> 20));
    }
    let utf_16 = |from_bytes: fn([u8; 2]) -> u16| {
        let units = bytes[2..].as_chunks().0.iter().map(|pair| from_bytes(*pair));
        char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| "it is damaged UTF-16".to_owned())
    };
    let utf_8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| "it isn't text".to_owned());
    let text = match bytes {
        [0xff, 0xfe, ..] => utf_16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf_16(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] => utf_8(text),
        text => utf_8(text),
    }?;
    if text.trim().is_empty() { Err("it is empty".into()) } else { Ok(text) }
}

/// What is wrong with a report, in plain words.
pub fn fault(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => "it ends in the middle of the report".into(),
        Category::Data => format!("it is damaged: a value is missing or wrong near line {line}, column {column}"),
        Category::Syntax | Category::Io => format!("it isn't valid JSON (line {line}, column {column})"),
    }
}

/// `text` on one line, fit for a table or a sentence, and truncated to `most` characters.
pub fn shortened(text: &str, most: usize) -> String {
    let start: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(most + 1).collect();
    match start.char_indices().nth(most) {
        Some(_) => start.chars().take(most - 1).chain(['…']).collect(),
        None => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(text: &str, encode: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(encode).collect()
    }

    #[test]
    fn every_encoding_of_json_is_read() {
        let text = "{\"µ\": \"😀\"}";
        let with_mark = format!("\u{feff}{text}");
        for bytes in [
            text.as_bytes().to_vec(),
            with_mark.clone().into_bytes(),
            bytes_of(&with_mark, u16::to_le_bytes),
            bytes_of(&with_mark, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, reason) in [
            (b" \n".to_vec(), "it is empty"),
            (b"\xef\xbb\xbf".to_vec(), "it is empty"),
            (b"\x89PNG\r\n".to_vec(), "it isn't text"),
            (b"\xff\xfe\x00\xd8".to_vec(), "it is damaged UTF-16"),
            (vec![b' '; MOST as usize + 1], "it is larger than 32 MiB, which no report is"),
        ] {
            assert_eq!(decode(&bytes), Err(reason.into()));
        }
    }

    #[test]
    fn what_is_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (path, reason) in [(folder.path(), "it is a folder"), (&pipe, "nothing writes to it")] {
            let error = read(path, &BENCH, |_| Ok(())).unwrap_err().to_string();
            assert!(error.contains("could not be read") && error.contains(reason), "{error}");
        }
    }

    #[test]
    fn names_are_cut_and_keep_to_their_line() {
        assert_eq!(shortened("FPS", 3), "FPS");
        assert_eq!(shortened("µs/draw", 5), "µs/d…");
        assert_eq!(shortened("a\nb\x1b", 8), "a?b?");
        assert_eq!(shortened(&"x".repeat(1000), 10).chars().count(), 10);
    }
}
