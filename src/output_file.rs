//! A file that is opened at the start of a run and written at its end. After an hour's run, it would be too late to
//! learn that the folder isn't writable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// If the run ends without writing it, a new file is removed, and an old one is left unchanged.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    file: File,
    /// The file didn't exist before, which makes it safe to remove.
    is_new: bool,
    is_written: bool,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "{path} could not be written: {reason}\nName a file in a folder that exists and is writable. In a container, mount one: \
     scripts/run --out FOLDER, or -v \"$PWD:/out\""
)]
pub struct OutputFileError {
    path: String,
    reason: String,
}

impl OutputFile {
    /// Opens the file for writing, and creates it if necessary. Keeps its content for now.
    ///
    /// # Errors
    /// Returns an error if it can't be opened.
    pub fn open(path: &Path) -> Result<OutputFile, OutputFileError> {
        let is_new = !path.exists();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|e| OutputFileError::new(path, &e))?;
        Ok(OutputFile { path: path.to_owned(), file, is_new, is_written: false })
    }

    /// Replaces the file's content.
    ///
    /// # Errors
    /// Returns an error if the file can't be written, for example because the disk is full.
    pub fn write(mut self, content: &[u8]) -> Result<(), OutputFileError> {
        let written = self.replace(content);
        self.is_written = written.is_ok();
        written.map_err(|e| OutputFileError::new(&self.path, &e))
    }

    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        // Pipes and devices can't be truncated.
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
