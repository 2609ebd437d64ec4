//! Bytes, however they are cut, through the HTTP scanner.
//!
//! An input is a byte of options, a byte from which the cutting follows, and a stream. With
//! [`REQUESTS`], two bytes with the length of a stream of requests come before it, and then those.

use tcpflow::scan::http::{
    BodySink, FinishedBody, Note, Options, RequestMethods, Scanner, Unstorable,
};

use crate::input::Bytes;

const DECODE: u8 = 1;
const REQUESTS: u8 = 2;
const SMALL_BODIES: u8 = 4;
/// The sink fails now and then.
const FAILING: u8 = 8;

/// The cut that [`SMALL_BODIES`] makes.
const SMALL: u64 = 5000;

/// Scans the stream of `input`.
///
/// Promised: the sink is called as its documentation says, sizes add up, and the bodies are the
/// same however the stream is cut.
pub fn run(input: &[u8]) {
    let mut input = Bytes::new(input);
    let (options, cutting) = (input.u8(), input.u8());
    let requests = match options & REQUESTS {
        0 => None,
        _ => {
            let length = usize::from(input.u16());
            Some(input.take(length))
        }
    };
    let stream = input.rest();
    let max_size = (options & SMALL_BODIES != 0).then_some(SMALL);
    let scan_options = Options { decode: options & DECODE != 0, max_size };
    let failing = options & FAILING != 0;
    let cut = scan(scan_options, requests, stream, Cutting::Pieces(cutting), failing);
    if !failing {
        let whole = scan(scan_options, requests, stream, Cutting::None, failing);
        assert!(agree(stream, &whole, &cut), "the cutting made a difference: {whole:?} {cut:?}");
    }
}

/// Whether the same was found twice.
///
/// If there may be a brotli body, its bytes do not count: what can be salvaged of a damaged one, and
/// whether it looks damaged or only cut off, depends on the cutting, because the library looks
/// ahead where it can.
fn agree(stream: &[u8], one: &[Found], other: &[Found]) -> bool {
    one == other || may_hold_brotli(stream) && names(one).eq(names(other))
}

/// Whether "br" stands somewhere behind a name like that of the field that announces it.
fn may_hold_brotli(stream: &[u8]) -> bool {
    const NAME: &[u8] = b"ncoding";
    let behind_name =
        |at: usize| stream.get(at + NAME.len()..).unwrap_or_default().iter().take(256);
    stream
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| window.eq_ignore_ascii_case(NAME))
        .any(|(at, _)| {
            let text: Vec<u8> = behind_name(at).map(u8::to_ascii_lowercase).collect();
            text.windows(2).any(|pair| pair == b"br")
        })
}

fn names(found: &[Found]) -> impl Iterator<Item = &str> {
    found.iter().filter_map(|it| match it {
        Found::Body { suffix, .. } | Found::Nothing { suffix } => Some(suffix.as_str()),
        Found::Note { .. } => None,
    })
}

#[derive(Clone, Copy)]
enum Cutting {
    None,
    /// Pieces of lengths that follow from a number.
    Pieces(u8),
}

/// Cuts `stream` and hands over the pieces.
fn cut(stream: &[u8], cutting: Cutting, mut take: impl FnMut(&[u8])) {
    let Cutting::Pieces(seed) = cutting else { return take(stream) };
    let mut state = u32::from(seed);
    let mut rest = Bytes::new(stream);
    while !rest.is_empty() {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let length = match seed {
            0 => 1,
            _ => (state >> 16) as usize % usize::from(seed) + 1,
        };
        take(rest.take(length));
    }
}

fn scan(
    options: Options,
    requests: Option<&[u8]>,
    stream: &[u8],
    cutting: Cutting,
    failing: bool,
) -> Vec<Found> {
    let mut scanner = Scanner::new(options);
    if let Some(requests) = requests {
        let mut methods = RequestMethods::new();
        cut(requests, cutting, |piece| methods.feed(piece));
        assert!(methods.methods().len() <= requests.len());
        scanner.add_requests(methods.methods());
    }
    let mut sink = Checker {
        stream_len: stream.len() as u64,
        max_size: options.max_size.filter(|_| options.decode),
        failing,
        ..Checker::default()
    };
    cut(stream, cutting, |piece| scanner.feed(piece, &mut sink));
    scanner.finish(&mut sink);
    assert!(sink.open.is_none(), "a body was left open");
    sink.found
}

/// What a response came to.
#[derive(PartialEq)]
enum Found {
    Body { suffix: String, file_offset: u64, bytes: Vec<u8> },
    Nothing { suffix: String },
    Note { suffix: String, note: Note },
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Found::Body { suffix, file_offset, bytes } => {
                write!(f, "{suffix} at {file_offset}: {} bytes", bytes.len())
            }
            Found::Nothing { suffix } => write!(f, "{suffix}: nothing"),
            Found::Note { suffix, note } => write!(f, "{suffix}: {note}"),
        }
    }
}

#[derive(Default)]
struct Checker {
    stream_len: u64,
    max_size: Option<u64>,
    failing: bool,
    calls: u64,
    open: Option<Open>,
    found: Vec<Found>,
}

struct Open {
    suffix: String,
    bytes: Vec<u8>,
    truncated: bool,
    failed: bool,
}

impl Checker {
    fn fails(&mut self) -> Result<(), Unstorable> {
        self.calls += 1;
        match self.failing && self.calls.is_multiple_of(3) {
            true => Err(Unstorable),
            false => Ok(()),
        }
    }

    fn take(&mut self, suffix: &str) -> Open {
        let open = self.open.take().expect("a body is open");
        assert_eq!(open.suffix, suffix);
        open
    }
}

impl BodySink for Checker {
    fn open(&mut self, suffix: &str) -> Result<(), Unstorable> {
        assert!(self.open.is_none(), "two bodies at once");
        assert!(!suffix.contains('/') && suffix.starts_with("-HTTPBODY-"), "{suffix:?}");
        assert!(suffix.len() < 100 && suffix.bytes().all(|byte| byte.is_ascii_graphic()));
        self.fails()?;
        let suffix = suffix.to_owned();
        self.open = Some(Open { suffix, bytes: Vec::new(), truncated: false, failed: false });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Unstorable> {
        let outcome = self.fails();
        let open = self.open.as_mut().expect("a body is open");
        assert!(!bytes.is_empty() && !open.truncated && !open.failed);
        open.failed = outcome.is_err();
        outcome?;
        open.bytes.extend_from_slice(bytes);
        assert!(self.max_size.is_none_or(|max| open.bytes.len() as u64 <= max + self.stream_len));
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<(), Unstorable> {
        let outcome = self.fails();
        let open = self.open.as_mut().expect("a body is open");
        assert!(!open.truncated, "truncated twice");
        open.truncated = true;
        open.failed |= outcome.is_err();
        outcome?;
        assert!(size < open.bytes.len() as u64);
        open.bytes.truncate(size as usize);
        Ok(())
    }

    fn close(&mut self, body: FinishedBody<'_>) {
        let Open { suffix, bytes, failed, .. } = self.take(body.suffix);
        assert!(body.size > 0 && (failed || body.size == bytes.len() as u64));
        assert!(body.file_offset < self.stream_len);
        self.found.push(Found::Body { suffix, file_offset: body.file_offset, bytes });
    }

    fn discard(&mut self, suffix: &str) {
        let Open { suffix, bytes, failed, .. } = self.take(suffix);
        assert!(failed || bytes.is_empty());
        self.found.push(Found::Nothing { suffix });
    }

    fn note(&mut self, suffix: &str, note: Note) {
        self.found.push(Found::Note { suffix: suffix.to_owned(), note });
    }
}
