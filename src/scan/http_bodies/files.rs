//! The files of a flow's bodies.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::HttpHooks;
use crate::messages::Messages;
use crate::output::{Opening, OutputFolder};
use crate::scan::Body;
use crate::scan::http::{BodySink, FinishedBody, Note, Unstorable};
use crate::sparse;

/// The rights of a body's file, less the umask.
const MODE: u32 = 0o644;

/// Bytes of a body gather up to this size before they are written.
const FULL_BUFFER: usize = 128 * 1024;

/// Bodies of one flow that the report lists. The files of others are written all the same.
pub(super) const LISTED_BODIES: usize = 500_000;

/// Writes the bodies of one flow.
pub(super) struct BodyFiles<'a> {
    pub(super) flow: &'a Path,
    pub(super) folder: &'a OutputFolder,
    pub(super) flow_time: SystemTime,
    pub(super) hooks: &'a HttpHooks,
    pub(super) messages: &'a Messages,
    pub(super) open: Option<OpenBody>,
    pub(super) bodies: Vec<Body>,
    /// How many bodies there were beyond those.
    pub(super) unlisted: u64,
}

/// The file of a body that has not ended.
///
/// Zeros become holes: those of streams, and the bombs among compressed bodies, must not fill the
/// disk.
pub(super) struct OpenBody {
    file: File,
    path: PathBuf,
    /// The position behind the last byte that was written.
    end: u64,
    /// Bytes that are not written yet.
    buffer: Vec<u8>,
    /// Whether all bytes so far were written, or can still be.
    whole: bool,
}

impl OpenBody {
    fn create(folder: &OutputFolder, path: PathBuf) -> io::Result<Self> {
        let file = folder.open(&path, Opening::Empty, MODE)?;
        Ok(Self { file, path, end: 0, buffer: Vec::new(), whole: true })
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        let written = sparse::write_at(&self.file, &self.buffer, self.end, self.end);
        self.whole &= written.is_ok();
        if written.is_ok() {
            self.end += self.buffer.len() as u64;
        }
        self.buffer.clear();
        written
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.write_buffer()?;
        self.file.set_len(size)?;
        self.end = size;
        Ok(())
    }

    /// Ends the file, of which `size` bytes were to be written, and tells how many there are.
    fn finish(&mut self, size: u64, time: SystemTime) -> (u64, io::Result<()>) {
        let written = self.write_buffer();
        let times = fs::FileTimes::new().set_accessed(time).set_modified(time);
        let stamped = self.file.set_times(times);
        let size = match self.whole {
            true => size,
            false => self.file.metadata().map_or(0, |metadata| metadata.len()),
        };
        (size, written.and(stamped))
    }
}

impl BodyFiles<'_> {
    fn path(&self, suffix: &str) -> PathBuf {
        let mut path = OsString::from(self.flow);
        path.push(suffix);
        path.into()
    }

    /// Does something with the file, and tells if that fails.
    fn with_open(
        &mut self,
        what: impl FnOnce(&mut OpenBody) -> io::Result<()>,
    ) -> Result<(), Unstorable> {
        let open = self.open.as_mut().ok_or(Unstorable)?;
        what(open).map_err(|error| {
            self.messages.file_error(open.path.display(), error);
            Unstorable
        })
    }
}

impl BodySink for BodyFiles<'_> {
    fn open(&mut self, suffix: &str) -> Result<(), Unstorable> {
        let path = self.path(suffix);
        if let Some(alert) = &self.hooks.alert {
            alert.opened(&path);
        }
        match OpenBody::create(self.folder, path.clone()) {
            Ok(open) => {
                self.open = Some(open);
                Ok(())
            }
            Err(error) => {
                self.messages.file_error(path.display(), error);
                Err(Unstorable)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Unstorable> {
        self.with_open(|open| {
            open.buffer.extend_from_slice(bytes);
            if open.buffer.len() >= FULL_BUFFER { open.write_buffer() } else { Ok(()) }
        })
    }

    fn truncate(&mut self, size: u64) -> Result<(), Unstorable> {
        self.with_open(|open| open.truncate(size))
    }

    fn close(&mut self, body: FinishedBody<'_>) {
        let Some(mut open) = self.open.take() else { return };
        let (size, finished) = open.finish(body.size, self.flow_time);
        let path = open.path;
        if let Err(error) = finished {
            self.messages.file_error(path.display(), error);
        }
        match self.bodies.len() {
            0..LISTED_BODIES => {
                self.bodies.push(Body { offset: body.file_offset, path: path.clone(), size });
            }
            _ => self.unlisted += 1,
        }
        if let Some(alert) = &self.hooks.alert {
            alert.closed(&path);
        }
        if let Some((command, children)) = &self.hooks.command {
            children.run(command, &path);
        }
    }

    fn discard(&mut self, _suffix: &str) {
        let Some(open) = self.open.take() else { return };
        if let Err(error) = self.folder.remove(&open.path) {
            self.messages.file_error(open.path.display(), error);
        }
    }

    fn note(&mut self, suffix: &str, note: Note) {
        let path = self.path(suffix);
        self.messages.debug(note.level(), format_args!("{}: {note}", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Verbosity;

    #[test]
    fn bodies_that_the_report_does_not_list_are_written_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let flow = folder.path().join("flow");
        let output = OutputFolder::new(folder.path());
        let listed = Body { offset: 0, path: PathBuf::new(), size: 1 };
        let hooks = HttpHooks::default();
        let messages = Messages::new("test", Verbosity { level: 0, quiet: true });
        let mut files = BodyFiles {
            flow: &flow,
            folder: &output,
            flow_time: SystemTime::UNIX_EPOCH,
            hooks: &hooks,
            messages: &messages,
            open: None,
            bodies: vec![listed; LISTED_BODIES],
            unlisted: 0,
        };
        assert!(files.open("-body").is_ok() && files.write(b"all the same").is_ok());
        files.close(FinishedBody { suffix: "-body", file_offset: 0, size: 12 });
        assert_eq!((files.bodies.len(), files.unlisted), (LISTED_BODIES, 1));
        assert_eq!(fs::read(folder.path().join("flow-body")).unwrap(), b"all the same");
    }

    /// Neither the holes of streams nor bombs of zeros may fill the disk.
    #[test]
    fn zeros_of_a_body_become_holes_wherever_they_stand() {
        use std::os::unix::fs::MetadataExt;
        const ZEROS: usize = 40 * FULL_BUFFER;
        let folder = tempfile::tempdir().unwrap();
        let output = OutputFolder::new(folder.path());
        for pattern in ["0", "x0", "0x", "x0x0", "0x0x", "00x"] {
            let path = folder.path().join(pattern);
            let mut body = OpenBody::create(&output, path.clone()).unwrap();
            let mut expected = Vec::new();
            for kind in pattern.bytes() {
                let piece = match kind {
                    b'0' => vec![0; ZEROS],
                    _ => vec![b'x'; 1000],
                };
                for part in piece.chunks(FULL_BUFFER) {
                    body.buffer.extend_from_slice(part);
                    body.write_buffer().unwrap();
                }
                expected.extend(piece);
            }
            let size = expected.len() as u64;
            let (told, finished) = body.finish(size, SystemTime::UNIX_EPOCH);
            assert!(finished.is_ok() && told == size);
            assert!(fs::read(&path).unwrap() == expected, "{pattern}");
            let disk = fs::metadata(&path).unwrap().blocks() * 512;
            assert!(disk < 2 << 20, "{pattern}: {disk} bytes");

            let mut body = OpenBody::create(&output, path.clone()).unwrap();
            body.buffer.extend_from_slice(&expected);
            body.truncate(size - 1).unwrap();
            body.buffer.push(b'!');
            body.finish(size, SystemTime::UNIX_EPOCH).1.unwrap();
            *expected.last_mut().unwrap() = b'!';
            assert!(fs::read(&path).unwrap() == expected, "{pattern} cut and gone on with");
        }
    }
}
