//! Keeps linked programs from one run to the next, in the driver's own format.
//!
//! Mesa sets up all of GLSL's built-in functions for the first shader text, even if its own cache has the program.
//! With llvmpipe, that took 6 of the 55 ms of a start, and a fifth of the page faults.

use etcetera::base_strategy::{BaseStrategy, Xdg};
use glow::ProgramBinary;
use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file for this `identity`, which is a driver and shader texts. `None` if the user has no home or cache folder,
/// because root would create the whole path to a home that doesn't exist.
pub fn file(identity: impl Hash) -> Option<PathBuf> {
    let xdg = Xdg::new().ok()?;
    let caches = xdg.cache_dir();
    let is_there = caches.is_dir() || xdg.home_dir().is_dir() && caches.starts_with(xdg.home_dir());
    is_there.then(|| caches.join("rust-gears").join(format!("{:016x}", hash(identity))))
}

/// The program in `file`, if it is intact and nobody but this user can have written it: drivers aren't hardened
/// against untrusted binaries.
pub fn read(file: &Path) -> Option<ProgramBinary> {
    // Without O_NONBLOCK, opening a pipe that somebody has put there would wait for a writer.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut opened = OpenOptions::new().read(true).custom_flags(flags).open(file).ok()?;
    // Of the open file, because another file may get its name.
    let metadata = opened.metadata().ok()?;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0;
    if !metadata.is_file() || !is_own {
        return None;
    }
    let mut content = Vec::new();
    opened.read_to_end(&mut content).ok()?;
    let (checksum, program) = content.split_first_chunk()?;
    if u64::from_le_bytes(*checksum) != hash(program) {
        return None;
    }
    let (format, buffer) = program.split_first_chunk()?;
    Some(ProgramBinary { format: u32::from_le_bytes(*format), buffer: buffer.to_vec() })
}

/// Writes the program to `file`, atomically: a checksum (8 bytes), the driver's format (4), the driver's bytes.
///
/// # Errors
/// Returns an error if the folder can't be written to, or if others can write to it.
pub fn write(file: &Path, program: &ProgramBinary) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0
    {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let content = [&program.format.to_le_bytes(), program.buffer.as_slice()].concat();
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&hash(content.as_slice()).to_le_bytes())?;
    new.write_all(&content)?;
    new.persist(file)?;
    Ok(())
}

/// Another release of Rust may hash differently; programs are then compiled once more.
fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

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
    fn what_somebody_else_may_have_put_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, pipe) =
            (folder.path().join("file"), folder.path().join("link"), folder.path().join("pipe"));
        write(&file, &program()).unwrap();
        symlink(&file, &link).unwrap();
        assert!(read(&link).is_none());
        for mode in [0o620, 0o602] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            assert!(read(&file).is_none(), "{mode:o}");
        }
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert!(read(&file).is_some());
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(read(&pipe).is_none());
    }

    #[test]
    fn nothing_is_written_through_a_link_or_into_a_folder_that_others_write_to() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, link) = (folder.path().join("elsewhere"), folder.path().join("link"));
        fs::create_dir(&elsewhere).unwrap();
        symlink(&elsewhere, &link).unwrap();
        assert!(write(&link.join("program"), &program()).is_err());
        fs::set_permissions(&elsewhere, Permissions::from_mode(0o777)).unwrap();
        assert!(write(&elsewhere.join("program"), &program()).is_err());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }

    #[test]
    fn other_drivers_and_other_texts_have_other_files() {
        assert_eq!(file(["llvmpipe", "text"]), file(["llvmpipe", "text"]));
        assert_ne!(file(["llvmpipe", "text"]), file(["llvmpipe", "texts"]));
        assert_ne!(file(["llvmpipe", "text"]), file(["NVIDIA", "text"]));
    }
}
