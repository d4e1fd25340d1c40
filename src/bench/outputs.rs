//! Where reports are written: files and standard output.

use crate::bench::report::{Report, csv, html, json, table};
use crate::console::{Output, OutputError};
use crate::error::Error;
use crate::output_file::{OutputFile, OutputFileError};
use crate::request::{Bench, STANDARD_OUTPUT};
use crate::text_table::Style;
use std::path::Path;

type Format = fn(&Report) -> String;

/// Writes a formatted report to standard output.
type Print = fn(&mut Output, &str) -> Result<(), OutputError>;

/// A format and the file it goes to, or `None` for standard output.
struct Destination {
    file: Option<OutputFile>,
    format: Format,
    print: Print,
}

/// Everything that will be written.
pub struct Outputs {
    destinations: Vec<Destination>,
    /// The style of the table, or `None` if something else goes to standard output.
    table: Option<Style>,
}

impl Outputs {
    /// Opens every file that `options` name.
    ///
    /// # Errors
    /// Returns an error if one can't be written.
    pub fn open(options: &Bench) -> Result<Outputs, Error> {
        let formats = [
            (&options.json, json as Format, Output::json as Print),
            (&options.csv, csv, Output::line),
            (&options.html, html::page, Output::line),
        ];
        let open = |path: &Path| -> Result<Option<OutputFile>, OutputFileError> {
            (path.as_os_str() != STANDARD_OUTPUT).then(|| OutputFile::open(path)).transpose()
        };
        let mut destinations = Vec::new();
        for (path, format, print) in formats {
            if let Some(path) = path {
                destinations.push(Destination { file: open(path)?, format, print });
            }
        }
        let is_stdout_taken = destinations.iter().any(|destination| destination.file.is_none());
        let style = if options.markdown { Style::Markdown } else { Style::Text };
        Ok(Outputs { destinations, table: (!is_stdout_taken).then_some(style) })
    }

    /// Writes the report to every destination, even if one fails.
    ///
    /// # Errors
    /// Returns an error if a destination can't be written.
    pub fn write(self, report: &Report) -> Result<(), Error> {
        let mut stdout = Output::default();
        let mut outcome = Ok(());
        for Destination { file, format, print } in self.destinations {
            let text = format(report);
            let written = match file {
                Some(file) => file.write(format!("{}\n", text.trim_end()).as_bytes()).map_err(Error::from),
                None => print(&mut stdout, text.trim_end()).map_err(Error::from),
            };
            outcome = outcome.and(written);
        }
        if let Some(style) = self.table {
            outcome = outcome.and(stdout.line(&table(report, style)).map_err(Error::from));
        }
        outcome
    }
}
