//! Files that other programs wrote, read with care.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// The text of a regular file, where it is readable and no larger than a megabyte. Pipes and devices, which might
/// never end, are not read.
pub fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(bytes)
}
