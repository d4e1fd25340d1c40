//! The password that viewers need, and other secrets.

use crate::task::Way;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    pub text: String,
    /// Where the user keeps it. A password from a file is never printed.
    pub file: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "cannot read a password from RUST_GEARS_PASSWORD_FILE, {}: check that it is mounted, readable for user {user}, and not \
         empty",
        file.display()
    )]
    Unreadable { file: PathBuf, user: u32 },
    #[error("the password in {} must have {length} characters out of A-Z a-z 0-9 . _ ~ -", file.display())]
    Unfit { file: PathBuf, length: &'static str },
    #[error("cannot make a password: {0}")]
    NoRandomness(#[from] io::Error),
}

/// The one in the file, or a new one if there is no file.
pub fn choose(way: Way, file: Option<PathBuf>) -> Result<Password, Error> {
    let text = match &file {
        Some(file) => from_file(way, file)?,
        None => BASE64_URL_SAFE_NO_PAD.encode(match way {
            Way::Browser => random::<16>()?.to_vec(),
            Way::Vnc { .. } => random::<6>()?.to_vec(), // 8 letters
        }),
    };
    Ok(Password { text, file })
}

fn from_file(way: Way, file: &Path) -> Result<String, Error> {
    let content = fs::read(file).ok().filter(|content| !content.is_empty());
    let content = content
        .ok_or_else(|| Error::Unreadable { file: file.into(), user: rustix::process::getuid().as_raw() })?;
    in_content(way, &content).ok_or_else(|| Error::Unfit {
        file: file.into(),
        length: match way {
            Way::Browser => "8 or more",
            Way::Vnc { .. } => "8",
        },
    })
}

/// The first line without the spaces around it, if it can be a password: it has to fit into a URL as it is, and VNC's own
/// passwords have no more than eight letters.
fn in_content(way: Way, content: &[u8]) -> Option<String> {
    let length: RangeInclusive<usize> = match way {
        Way::Browser => 8..=usize::MAX,
        Way::Vnc { .. } => 8..=8,
    };
    let password = std::str::from_utf8(content.split(|&byte| byte == b'\n').next()?).ok()?.trim_ascii();
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"._~-".contains(&letter);
    (length.contains(&password.len()) && password.bytes().all(fits)).then(|| password.to_owned())
}

/// An Xauthority file with one entry: any address, any display, a random cookie.
pub fn cookie() -> io::Result<Vec<u8>> {
    Ok([b"\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x10".as_slice(), &random::<16>()?].concat())
}

fn random<const LENGTH: usize>() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VNC: Way = Way::Vnc { plain: false };

    #[test]
    fn a_new_password_is_one_that_a_file_could_hold_and_never_the_same() {
        for (way, length) in [(Way::Browser, 22), (VNC, 8)] {
            let [first, second] = [(); 2].map(|()| choose(way, None).unwrap());
            assert_eq!(first.text.len(), length);
            assert_eq!(in_content(way, first.text.as_bytes()).as_ref(), Some(&first.text));
            assert_ne!(first, second);
        }
    }

    #[test]
    fn a_password_fits_into_a_url_and_into_vnc() {
        for (way, content, password) in [
            (Way::Browser, "from-a-file_1.2~3\n", Some("from-a-file_1.2~3")),
            (Way::Browser, " s3cret-8 \r\nanother line\n", Some("s3cret-8")),
            (Way::Browser, "without-a-newline", Some("without-a-newline")),
            (Way::Browser, "7-short", None),
            (Way::Browser, "with space", None),
            (Way::Browser, "with/slash", None),
            (Way::Browser, "schlüssel", None),
            (Way::Browser, "\npassword\n", None),
            (VNC, "exactly8\n", Some("exactly8")),
            (VNC, "9-letters\n", None),
        ] {
            assert_eq!(in_content(way, content.as_bytes()).as_deref(), password, "{content:?}");
        }
        assert_eq!(in_content(Way::Browser, b"not \xff UTF-8"), None);
    }

    #[test]
    fn errors_name_the_file_and_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let [missing, empty, short] = ["missing", "empty", "short"].map(|name| folder.path().join(name));
        fs::write(&empty, "").unwrap();
        fs::write(&short, "short\n").unwrap();
        let said = |way, file: &PathBuf| choose(way, Some(file.clone())).unwrap_err().to_string();
        for file in [&missing, &empty, &folder.path().into()] {
            let start = format!("cannot read a password from RUST_GEARS_PASSWORD_FILE, {}: check", file.display());
            assert!(said(Way::Browser, file).starts_with(&start));
        }
        assert!(said(Way::Browser, &short).contains("must have 8 or more characters out of"));
        assert!(said(VNC, &short).contains("must have 8 characters out of"));
    }

    #[test]
    fn a_cookie_is_an_entry_of_an_xauthority_file() {
        let cookie = cookie().unwrap();
        // Family, then four fields with their lengths: address, display, name, data.
        assert_eq!(cookie[..2], [0xff, 0xff]);
        let mut fields = Vec::new();
        let mut rest = &cookie[2..];
        while let [high, low, after @ ..] = rest {
            let (field, others) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            fields.push(field);
            rest = others;
        }
        assert_eq!(fields[..3], [&b""[..], b"", b"MIT-MAGIC-COOKIE-1"]);
        assert_eq!(fields.iter().map(|field| field.len()).collect::<Vec<_>>(), [0, 0, 18, 16]);
    }
}
