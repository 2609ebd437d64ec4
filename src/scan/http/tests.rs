use super::*;
use std::collections::BTreeMap;

/// A sink that remembers.
#[derive(Default)]
pub(super) struct Memory {
    open: Vec<u8>,
    pub(super) bodies: BTreeMap<String, Vec<u8>>,
    pub(super) runs: Vec<(u64, String, u64)>,
    pub(super) notes: Vec<(String, Note)>,
}

impl BodySink for Memory {
    fn open(&mut self, _suffix: &str) -> Result<(), Unstorable> {
        self.open.clear();
        Ok(())
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), Unstorable> {
        assert!(!bytes.is_empty());
        self.open.extend_from_slice(bytes);
        Ok(())
    }
    fn truncate(&mut self, size: u64) -> Result<(), Unstorable> {
        assert!(size < self.open.len() as u64);
        self.open.truncate(size as usize);
        Ok(())
    }
    fn close(&mut self, body: FinishedBody<'_>) {
        assert_eq!(body.size, self.open.len() as u64);
        self.runs.push((body.file_offset, body.suffix.to_owned(), body.size));
        self.bodies.insert(body.suffix.to_owned(), std::mem::take(&mut self.open));
    }
    fn discard(&mut self, _suffix: &str) {
        assert!(self.open.is_empty());
    }
    fn note(&mut self, suffix: &str, note: Note) {
        self.notes.push((suffix.to_owned(), note));
    }
}
