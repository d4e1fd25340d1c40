//! Reads files that other programs wrote, with care.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// The content of a regular file, if it is readable and no larger than a megabyte. Pipes and devices, which might
/// never end, aren't read.
pub fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(bytes)
}
