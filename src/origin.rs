//! Where bytes that were read from a file can be read once more.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// A place in a file. Whoever has it can read what lies there, whatever others have read meanwhile.
#[derive(Clone, Debug)]
pub struct Origin {
    file: Arc<File>,
    position: u64,
}

impl Origin {
    /// The place at `position`, in bytes, of a file that can be read in any order.
    pub fn new(file: Arc<File>, position: u64) -> Self {
        Self { file, position }
    }

    /// The file.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where in the file it is, in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }
}

/// Fills `buffer` with what stands at `position` of a file. If there is less than that, the file has
/// become shorter since it was read.
pub fn read_again(file: &File, buffer: &mut [u8], position: u64) -> io::Result<()> {
    file.read_exact_at(buffer, position).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => "it was cut short while it was being read".to_owned(),
            _ => error.to_string(),
        };
        io::Error::new(error.kind(), format!("the capture could not be read again: {reason}"))
    })
}
