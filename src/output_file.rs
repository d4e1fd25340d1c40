//! A file that is written at the end of a run, and opened at its start: who asks for a picture or a report after an
//! hour's run should not learn only then that the folder is not writable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Such a file. Where the run ends without writing it, one that is new is removed, and an old one stays as it was.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    file: File,
    /// The file was not there before, so nothing but an empty file is lost with it.
    is_new: bool,
    is_written: bool,
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path} cannot be written: {reason}\nName a file in a folder that exists and is writable. In a container, mount one: \
     scripts/run --out FOLDER, or -v \"$PWD:/out\""
)]
pub struct OutputFileError {
    path: String,
    reason: String,
}

impl OutputFile {
    /// Opens the file for writing, and makes it where it is not there. Leaves what it holds as it is.
    ///
    /// # Errors
    /// Where that is not possible.
    pub fn open(path: &Path) -> Result<OutputFile, OutputFileError> {
        let is_new = !path.exists();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|e| OutputFileError::new(path, &e))?;
        Ok(OutputFile { path: path.to_owned(), file, is_new, is_written: false })
    }

    /// Replaces what the file holds by `content`.
    ///
    /// # Errors
    /// Where the file cannot be written: no space, for example.
    pub fn write(mut self, content: &[u8]) -> Result<(), OutputFileError> {
        let written = self.replace(content);
        self.is_written = written.is_ok();
        written.map_err(|e| OutputFileError::new(&self.path, &e))
    }

    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        // A pipe or a device has no length to cut.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(content)
    }
}

impl OutputFileError {
    fn new(path: &Path, reason: &io::Error) -> OutputFileError {
        OutputFileError { path: path.display().to_string(), reason: reason.to_string() }
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if self.is_new && !self.is_written {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unwritten_new_file_leaves_nothing_behind_and_an_old_one_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        fs::write(&old, "precious").unwrap();
        drop((OutputFile::open(&new).unwrap(), OutputFile::open(&old).unwrap()));
        assert!(!new.exists());
        assert_eq!(fs::read_to_string(&old).unwrap(), "precious");
    }

    #[test]
    fn a_shorter_content_replaces_a_longer_one_wholly() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, vec![7; 100_000]).unwrap();
        OutputFile::open(&path).unwrap().write(b"short").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }
}
