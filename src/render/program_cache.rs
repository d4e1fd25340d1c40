//! Linked programs that are kept from one run to the next, in the form the driver hands them out.
//!
//! Mesa sets up all of GLSL's built-in functions for the first shader text it is given, even where its own cache has
//! the program: of a start with llvmpipe of 55 ms that was 6, and a fifth of the page faults.

use glow::ProgramBinary;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file for what `identity` tells apart: a driver and shader texts. `None` where the user has no folder for caches.
///
/// Another release of Rust may hash otherwise; then programs are compiled once more.
pub fn file(identity: impl Hash) -> Option<PathBuf> {
    let mut hasher = DefaultHasher::new();
    identity.hash(&mut hasher);
    Some(dirs::cache_dir()?.join("rust-gears").join(format!("{:016x}", hasher.finish())))
}

/// The program in `file`, where there is one. Whether its bytes are sound is the driver's to judge.
pub fn read(file: &Path) -> Option<ProgramBinary> {
    let content = fs::read(file).ok()?;
    let (format, buffer) = content.split_first_chunk()?;
    Some(ProgramBinary { format: u32::from_le_bytes(*format), buffer: buffer.to_vec() })
}

/// Puts the program into `file`, at once as far as other processes can tell.
///
/// # Errors
/// Where the folder cannot be written to.
pub fn write(file: &Path, program: &ProgramBinary) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&program.format.to_le_bytes())?;
    new.write_all(&program.buffer)?;
    new.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/program");
        let program = ProgramBinary { format: 0x8740, buffer: vec![1, 2, 3] };
        write(&file, &program).unwrap();
        let read = read(&file).unwrap();
        assert_eq!((read.format, read.buffer), (program.format, program.buffer));
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_or_too_short_holds_no_program() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(&folder.path().join("none")).is_none());
        let short = folder.path().join("short");
        fs::write(&short, [1, 2, 3]).unwrap();
        assert!(read(&short).is_none());
    }

    #[test]
    fn other_drivers_and_other_texts_have_other_files() {
        assert_eq!(file(["llvmpipe", "text"]), file(["llvmpipe", "text"]));
        assert_ne!(file(["llvmpipe", "text"]), file(["llvmpipe", "texts"]));
        assert_ne!(file(["llvmpipe", "text"]), file(["NVIDIA", "text"]));
    }
}
