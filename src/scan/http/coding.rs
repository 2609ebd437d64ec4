//! Undoes the content codings of a body, within bounds.

use super::codec::{Codec, Coding, Status};

/// A body may grow by this factor.
const LIMIT_FACTOR: u64 = 1000;
/// So many bytes are allowed on top of that.
const LIMIT_EXTRA: u64 = 1 << 20;
/// So many bytes on top of both are shared by all bodies of a stream, which can hold thousands of bombs
/// of a kilobyte.
const ALLOWANCE: u64 = 1 << 30;

/// Coded bytes are looked at in blocks that begin at multiples of this, so that decisions do not
/// depend on how the stream was cut.
const BLOCK: usize = 64 * 1024;
/// Where nothing has come of so many coded bytes, nothing will. A block of zstd, of which no part
/// comes out before its end, has 128 KiB.
const HOLD: u64 = 16 * BLOCK as u64;
/// The size of the buffer behind each decoder.
const BUFFER: usize = 32 * 1024;
/// More codings than this on one body are not undone: each costs memory, and nobody means it.
const MAX_CODINGS: usize = 4;

/// What became of a body's coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The coded bytes ended where they should.
    Whole,
    /// The coded bytes ended too early.
    Truncated,
    /// Something followed the end of the coded bytes, and was left out.
    Garbage,
    /// The coded bytes were damaged; what had been decoded before was kept.
    Corrupt,
    /// The coded bytes could not be decoded at all and were stored as they were.
    NotDecoded,
    /// The decoded body grew beyond so many bytes, and was cut there.
    Cut(u64),
}

/// How large decoded bodies may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// Each at most so many bytes.
    Fixed(u64),
    /// In proportion to its coded size, or up to so many bytes.
    Growing(u64),
}

impl Bound {
    /// The bound on the first body of a stream; `fixed` if somebody said so.
    pub(super) fn new(fixed: Option<u64>) -> Self {
        fixed.map_or(Self::Growing(ALLOWANCE), Self::Fixed)
    }

    /// The bound on the next body, after one became larger by `excess` bytes than it might have in
    /// proportion.
    pub(super) fn less(self, excess: u64) -> Self {
        match self {
            Self::Fixed(_) => self,
            Self::Growing(allowance) => Self::Growing(allowance.saturating_sub(excess)),
        }
    }
}

/// What a body of so many coded bytes may become in proportion.
fn in_proportion(coded: u64) -> u64 {
    coded.saturating_mul(LIMIT_FACTOR).saturating_add(LIMIT_EXTRA)
}

/// Why decoding stops before the body ends.
enum Stop {
    Garbage,
    Corrupt,
    Cut,
    /// The decoded bytes could not be stored.
    Unstorable,
}

/// Takes decoded bytes; `false` when it cannot take more.
type Emit<'e> = &'e mut dyn FnMut(&[u8]) -> bool;

/// Undoes the codings of one body.
pub(super) struct Decoder {
    /// In the order in which they are undone.
    stages: Vec<Stage>,
    /// The coded bytes so far, as long as nothing has come of them. `None` once something has, or
    /// if they are not to be stored when nothing does.
    held: Option<Vec<u8>>,
    /// Coded bytes so far.
    coded: u64,
    bound: Bound,
    /// The most bytes that any stage has given, which is the work that was done.
    produced: u64,
    state: State,
}

enum State {
    Decoding,
    /// Storing coded bytes as they are.
    Verbatim,
    Finished(Outcome),
}

struct Stage {
    codec: Codec,
    buffer: Vec<u8>,
    /// Decoded bytes so far.
    produced: u64,
    /// Whether input may end here.
    complete: bool,
}

impl Decoder {
    /// A decoder for a body with this `Content-Encoding`; `None` if it is to be stored as it is,
    /// because it is not coded or nobody knows how.
    ///
    /// The names are taken in any case, with blanks around them. A single `gzip` or `deflate` is
    /// believed: where it is wrong, nothing is stored. Other codings, and lists, were beyond the
    /// original, which stored them as they were: so do we where they turn out to be wrong.
    pub(super) fn new(content_encoding: &[u8], bound: Bound) -> Option<Self> {
        let mut codings = Vec::new();
        for name in content_encoding.split(|&byte| byte == b',') {
            let name = name.trim_ascii().to_ascii_lowercase();
            codings.push(match name.as_slice() {
                b"gzip" | b"x-gzip" => Coding::Gzip,
                b"deflate" => Coding::Deflate,
                b"br" => Coding::Brotli,
                b"zstd" => Coding::Zstd,
                b"identity" | b"" => continue,
                _ => return None,
            });
            if codings.len() > MAX_CODINGS {
                return None;
            }
        }
        let held = match codings.as_slice() {
            [] => return None,
            [Coding::Gzip | Coding::Deflate] => None,
            _ => Some(Vec::new()),
        };
        let stages = codings.into_iter().rev().map(Stage::new).collect::<Option<_>>()?;
        Some(Self { stages, held, coded: 0, bound, produced: 0, state: State::Decoding })
    }

    /// Takes coded bytes and gives decoded ones.
    pub(super) fn decode(&mut self, mut input: &[u8], emit: Emit<'_>) {
        while !input.is_empty() {
            let room = BLOCK - (self.coded % BLOCK as u64) as usize;
            let (block, rest) = input.split_at(room.min(input.len()));
            input = rest;
            match self.state {
                State::Decoding => self.decode_block(block, emit),
                State::Verbatim => {
                    if !emit(block) {
                        self.state = State::Finished(Outcome::NotDecoded);
                    }
                }
                State::Finished(_) => return,
            }
            self.coded += block.len() as u64;
            if self.coded == HOLD && self.held.is_some() {
                self.give_up(emit);
            }
        }
    }

    /// The body has ended.
    pub(super) fn finish(mut self, emit: Emit<'_>) -> Outcome {
        let complete = self.stages.iter().all(|stage| stage.complete);
        match self.state {
            State::Decoding if complete || self.coded == 0 => Outcome::Whole,
            State::Decoding if self.held.is_some() => {
                self.give_up(emit);
                Outcome::NotDecoded
            }
            State::Decoding => Outcome::Truncated,
            State::Verbatim => Outcome::NotDecoded,
            State::Finished(outcome) => outcome,
        }
    }

    /// The bound on what the coded bytes so far, and not those of the present block, may become.
    fn limit(&self) -> u64 {
        match self.bound {
            Bound::Fixed(size) => size,
            Bound::Growing(allowance) => {
                in_proportion(self.coded - self.coded % BLOCK as u64).max(allowance)
            }
        }
    }

    /// How many bytes more were decoded than the coded bytes may become in proportion.
    pub(super) fn excess(&self) -> u64 {
        self.produced.saturating_sub(in_proportion(self.coded))
    }

    fn decode_block(&mut self, block: &[u8], emit: Emit<'_>) {
        let limit = self.limit();
        let mut silent = true;
        let result = drive(&mut self.stages, block, limit, &mut |bytes| {
            silent = false;
            emit(bytes)
        });
        let produced = self.stages.iter().map(|stage| stage.produced).max().unwrap_or(0);
        self.produced = self.produced.max(produced);
        if silent {
            if let Some(held) = &mut self.held {
                held.extend_from_slice(block);
            }
        } else {
            self.held = None;
        }
        let outcome = match result {
            Ok(()) => return,
            Err(Stop::Garbage | Stop::Corrupt) if self.held.is_some() => return self.give_up(emit),
            Err(Stop::Garbage) => Outcome::Garbage,
            Err(Stop::Corrupt) => Outcome::Corrupt,
            Err(Stop::Cut) => Outcome::Cut(limit),
            Err(Stop::Unstorable) => Outcome::Truncated,
        };
        self.state = State::Finished(outcome);
        // A window of several megabytes is not needed for what is skipped.
        self.stages = Vec::new();
    }

    /// Stores the coded bytes after all.
    fn give_up(&mut self, emit: Emit<'_>) {
        self.stages = Vec::new();
        self.state = State::Verbatim;
        if let Some(held) = self.held.take()
            && !emit(&held)
        {
            self.state = State::Finished(Outcome::NotDecoded);
        }
    }
}

impl Stage {
    fn new(coding: Coding) -> Option<Self> {
        let codec = coding.decoder()?;
        Some(Self { codec, buffer: vec![0; BUFFER], produced: 0, complete: false })
    }
}

/// Sends input through all stages.
fn drive(stages: &mut [Stage], mut input: &[u8], limit: u64, emit: Emit<'_>) -> Result<(), Stop> {
    let Some((stage, later)) = stages.split_first_mut() else {
        return if emit(input) { Ok(()) } else { Err(Stop::Unstorable) };
    };
    loop {
        let step = stage.codec.step(input, &mut stage.buffer);
        input = input.get(step.read..).unwrap_or_default();
        let allowed = limit.saturating_sub(stage.produced);
        let wanted = step.written as u64;
        stage.produced += wanted.min(allowed);
        let output = stage.buffer.get(..wanted.min(allowed) as usize).unwrap_or_default();
        if !output.is_empty() {
            drive(later, output, limit, emit)?;
        }
        if wanted > allowed {
            return Err(Stop::Cut);
        }
        stage.complete = step.status == Status::End;
        let full = step.written == stage.buffer.len();
        match step.status {
            Status::Garbage => return Err(Stop::Garbage),
            Status::Corrupt => return Err(Stop::Corrupt),
            Status::End if input.is_empty() => return Ok(()),
            Status::More if input.is_empty() && !full => return Ok(()),
            // A decoder that takes nothing and gives nothing never will.
            Status::More if step.read == 0 && step.written == 0 => return Err(Stop::Corrupt),
            Status::End | Status::More => {}
        }
    }
}
