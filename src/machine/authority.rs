//! The file with X's cookies (Xauthority(7), "AUTHORIZATION DATA"): which server each cookie is for, but never the
//! cookie.

use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where cookies are looked up, and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// The file that libraries read; `None` if neither XAUTHORITY nor HOME is set.
    pub path: Option<String>,
    /// XAUTHORITY names it; otherwise it is the one in HOME.
    pub is_named: bool,
    pub file: AuthorityFile,
}

/// What is at the file's path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorityFile {
    Missing,
    Folder,
    /// Something that this user can't read.
    Unreadable(String),
    /// A file, as far as it can be parsed.
    Cookies {
        /// Its entries, in order.
        cookies: Vec<Cookie>,
        /// It ends with something other than an entry.
        is_damaged: bool,
    },
}

/// A cookie, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cookie {
    pub family: CookieFamily,
    /// The host's name, for a local cookie.
    pub address: String,
    /// The display's number; empty means any.
    pub number: String,
    /// Its type: `MIT-MAGIC-COOKIE-1`.
    pub name: String,
}

/// What kind of address a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CookieFamily {
    /// Servers on the machine with this name.
    Local,
    /// Any server.
    Wild,
    /// A server at an Internet address, or another kind.
    Other(u16),
}

impl Cookie {
    /// Whether a client on the machine named `hostname` presents it to its local display `number`.
    pub fn fits(&self, hostname: &str, number: u16) -> bool {
        (self.family == CookieFamily::Wild || self.address == hostname) && self.is_for(number)
    }

    /// Whether it is for a display with this number on any machine.
    pub fn is_for(&self, number: u16) -> bool {
        self.number.is_empty() || self.number == number.to_string()
    }
}

/// Looks where Xlib and XCB look.
pub(super) fn find() -> Authority {
    let named = std::env::var_os("XAUTHORITY");
    let is_named = named.is_some();
    let path =
        named.map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".Xauthority")));
    let file = path.as_deref().map_or(AuthorityFile::Missing, read);
    Authority { path: path.map(|p| p.display().to_string()), is_named, file }
}

fn read(path: &Path) -> AuthorityFile {
    if path.is_dir() {
        return AuthorityFile::Folder;
    }
    match super::small_file::read_small(path) {
        Ok(bytes) => {
            let (cookies, is_damaged) = parse(&bytes);
            AuthorityFile::Cookies { cookies, is_damaged }
        }
        Err(e) if e.kind() == ErrorKind::NotFound => AuthorityFile::Missing,
        Err(e) => AuthorityFile::Unreadable(e.to_string()),
    }
}

/// Parses all entries, up to the end or to the first invalid one. The flag tells whether there was an invalid one.
pub fn parse(bytes: &[u8]) -> (Vec<Cookie>, bool) {
    let mut cookies = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        match entry(rest) {
            Some((cookie, after)) => {
                cookies.push(cookie);
                rest = after;
            }
            None => return (cookies, true),
        }
    }
    (cookies, false)
}

/// A family and four strings, each preceded by its length in two bytes, big-endian.
fn entry(bytes: &[u8]) -> Option<(Cookie, &[u8])> {
    let (family, rest) = number(bytes)?;
    let (address, rest) = string(rest)?;
    let (display, rest) = string(rest)?;
    let (name, rest) = string(rest)?;
    let (_secret, rest) = string(rest)?;
    let family = match family {
        0x0100 => CookieFamily::Local,
        0xffff => CookieFamily::Wild,
        other => CookieFamily::Other(other),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // An Internet address isn't text.
    let address = if family == CookieFamily::Local { text(address) } else { String::new() };
    Some((Cookie { family, address, number: text(display), name: text(name) }, rest))
}

fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (two, rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*two), rest))
}

fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(length.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(family: u16, fields: [&str; 4]) -> Vec<u8> {
        let mut bytes = family.to_be_bytes().to_vec();
        for field in fields {
            bytes.extend((field.len() as u16).to_be_bytes());
            bytes.extend(field.as_bytes());
        }
        bytes
    }

    #[test]
    fn entries_are_read_without_their_secret() {
        let mut file = bytes(0x0100, ["host", "0", "MIT-MAGIC-COOKIE-1", "secretsecretsecr"]);
        file.extend(bytes(0xffff, ["", "", "MIT-MAGIC-COOKIE-1", "x"]));
        let (cookies, is_damaged) = parse(&file);
        assert!(!is_damaged);
        assert_eq!(cookies[0].family, CookieFamily::Local);
        assert!(cookies[0].fits("host", 0) && !cookies[0].fits("host", 1) && !cookies[0].fits("other", 0));
        assert!(cookies[1].fits("other", 7));
        assert!(!serde_json::to_string(&cookies).unwrap().contains("secret"));
        assert!(parse(&file[..file.len() - 1]).1);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
