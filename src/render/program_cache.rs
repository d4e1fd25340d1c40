//! Linked programs that are kept from one run to the next, in the form the driver hands them out.
//!
//! Mesa sets up all of GLSL's built-in functions for the first shader text it is given, even where its own cache has
//! the program: of a start with llvmpipe of 55 ms that was 6, and a fifth of the page faults.

use etcetera::base_strategy::{BaseStrategy, Xdg};
use glow::ProgramBinary;
use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The file for what `identity` tells apart: a driver and shader texts. `None` where the user has no folder for caches.
pub fn file(identity: impl Hash) -> Option<PathBuf> {
    Some(Xdg::new().ok()?.cache_dir().join("rust-gears").join(format!("{:016x}", hash(identity))))
}

/// The program in `file`, where there is one, as it was written and by this user: drivers are not made for others' bytes.
pub fn read(file: &Path) -> Option<ProgramBinary> {
    let metadata = fs::metadata(file).ok()?;
    if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return None;
    }
    let content = fs::read(file).ok()?;
    let (checksum, program) = content.split_first_chunk()?;
    if u64::from_le_bytes(*checksum) != hash(program) {
        return None;
    }
    let (format, buffer) = program.split_first_chunk()?;
    Some(ProgramBinary { format: u32::from_le_bytes(*format), buffer: buffer.to_vec() })
}

/// Puts the program into `file`, at once as far as other processes can tell: a checksum (8 bytes), the driver's format
/// (4), the driver's bytes.
///
/// # Errors
/// Where the folder cannot be written to.
pub fn write(file: &Path, program: &ProgramBinary) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let content = [&program.format.to_le_bytes(), program.buffer.as_slice()].concat();
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&hash(content.as_slice()).to_le_bytes())?;
    new.write_all(&content)?;
    new.persist(file)?;
    Ok(())
}

/// Another release of Rust may hash otherwise; then programs are compiled once more.
fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> ProgramBinary {
        ProgramBinary { format: 0x8740, buffer: vec![1, 2, 3] }
    }

    #[test]
    fn a_program_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/program");
        write(&file, &program()).unwrap();
        let read = read(&file).unwrap();
        assert_eq!((read.format, read.buffer), (program().format, program().buffer));
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn whatever_is_no_program_as_it_was_written_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        assert!(read(&file).is_none());
        write(&file, &program()).unwrap();
        let sound = fs::read(&file).unwrap();
        for place in 0..sound.len() {
            let mut flipped = sound.clone();
            flipped[place] ^= 1;
            fs::write(&file, flipped).unwrap();
            assert!(read(&file).is_none(), "byte {place} is another");
            fs::write(&file, &sound[..place]).unwrap();
            assert!(read(&file).is_none(), "{place} bytes are left");
        }
        assert!(read(folder.path()).is_none());
    }

    #[test]
    fn other_drivers_and_other_texts_have_other_files() {
        assert_eq!(file(["llvmpipe", "text"]), file(["llvmpipe", "text"]));
        assert_ne!(file(["llvmpipe", "text"]), file(["llvmpipe", "texts"]));
        assert_ne!(file(["llvmpipe", "text"]), file(["NVIDIA", "text"]));
    }
}
