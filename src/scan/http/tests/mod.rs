//! Tests of the scanner from outside, with a sink that remembers.

mod codings;
mod grammar;
mod heads;
mod properties;

use super::*;

/// Bodies by suffix, in the order in which they ended, and everything else that was told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Memory {
    opened: Vec<String>,
    bodies: Vec<(String, u64, Vec<u8>)>,
    notes: Vec<Note>,
    current: Option<Vec<u8>>,
    /// Refuse to open the body of this suffix.
    refused: Option<&'static str>,
    /// Fail once a body would be longer than this.
    room: Option<usize>,
}

impl BodySink for Memory {
    fn open(&mut self, suffix: &str) -> Result<(), Unstorable> {
        assert!(self.current.is_none(), "a body was not ended");
        self.opened.push(suffix.to_owned());
        if self.refused == Some(suffix) {
            return Err(Unstorable);
        }
        self.current = Some(Vec::new());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Unstorable> {
        assert!(!bytes.is_empty());
        let body = self.current.as_mut().expect("a body is open");
        if self.room.is_some_and(|room| body.len() + bytes.len() > room) {
            return Err(Unstorable);
        }
        body.extend_from_slice(bytes);
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<(), Unstorable> {
        let body = self.current.as_mut().expect("a body is open");
        assert!(size < body.len() as u64);
        body.truncate(size as usize);
        Ok(())
    }

    fn close(&mut self, body: FinishedBody<'_>) {
        let bytes = self.current.take().expect("a body is open");
        assert_eq!(body.size, bytes.len() as u64);
        assert!(body.size > 0);
        assert_eq!(self.opened.last().map(String::as_str), Some(body.suffix));
        self.bodies.push((body.suffix.to_owned(), body.file_offset, bytes));
    }

    fn discard(&mut self, suffix: &str) {
        assert_eq!(self.current.take(), Some(Vec::new()), "{suffix} is not empty");
    }

    fn note(&mut self, _suffix: &str, note: Note) {
        self.notes.push(note);
    }
}

const OPTIONS: Options = Options { decode: true, max_size: None };

/// Scans a stream that comes in pieces of the given sizes, the last size for all that remains.
fn scan_in_pieces(stream: &[u8], sizes: &[usize], scanner: Scanner, mut sink: Memory) -> Memory {
    let mut scanner = scanner;
    let mut rest = stream;
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(*sizes.last().unwrap_or(&1)));
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
        let (piece, later) = rest.split_at(size);
        scanner.feed(piece, &mut sink);
        rest = later;
    }
    scanner.finish(&mut sink);
    assert!(sink.current.is_none(), "a body was not ended");
    sink
}

/// Scans a stream in one piece and byte by byte, which must not differ.
fn scan_with(stream: &[u8], options: Options) -> Memory {
    let scan = |sizes| scan_in_pieces(stream, sizes, Scanner::new(options), Memory::default());
    let whole = scan(&[usize::MAX]);
    assert_eq!(whole, scan(&[1]), "the cutting made a difference");
    whole
}

/// The bodies of a stream: number, offset, bytes as text.
fn bodies(stream: &str) -> Vec<(String, u64, String)> {
    let memory = scan_with(stream.as_bytes(), OPTIONS);
    let text = |(suffix, offset, bytes): (String, u64, Vec<u8>)| {
        let name = suffix.strip_prefix("-HTTPBODY-").expect("the suffix begins so").to_owned();
        (name, offset, String::from_utf8_lossy(&bytes).into_owned())
    };
    memory.bodies.into_iter().map(text).collect()
}

/// The bodies of a stream as `001.txt=hello 002=...`.
fn found(stream: &str) -> String {
    let all = bodies(stream);
    all.iter().map(|(name, _, body)| format!("{name}={body}")).collect::<Vec<_>>().join(" ")
}

/// A field that makes any stream long enough to be scanned.
const PAD: &str =
    "X-Pad: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n";

/// A complete response that shows whether reading has gone on.
const NEXT: &str = "HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: 3\r\n\r\nGIF";

/// What is found in a response with these fields and this body, and another one after it.
fn response(fields: &str, rest: &str) -> String {
    found(&format!("HTTP/1.1 200 OK\r\n{PAD}{fields}\r\n\r\n{rest}{NEXT}"))
}
