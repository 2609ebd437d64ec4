//! The decoders behind one face: a few bytes in, a few bytes out, and how it went.
//!
//! Each keeps what it decoded before it met an error, and none needs more memory than its window,
//! whose size is bounded.

use brotli_decompressor::{
    BrotliDecoderErrorCode, BrotliDecoderTakeOutput, BrotliDecompressStream, BrotliResult,
    BrotliState, StandardAlloc,
};
use flate2::{Decompress, FlushDecompress, Status as ZlibStatus};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// What one step of a decoder did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes taken from the input.
    pub(super) read: usize,
    /// Bytes put into the output; good whatever `status` says.
    pub(super) written: usize,
    /// How it goes on.
    pub(super) status: Status,
}

/// How decoding goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// With more input, or more room for output.
    More,
    /// Not necessarily: the stream is complete, though another may follow.
    End,
    /// Not at all: what follows the complete stream is not another one.
    Garbage,
    /// Not at all: the stream is damaged, or none.
    Corrupt,
}

/// A content coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// `gzip`, `x-gzip`; in practice also zlib's format.
    Gzip,
    /// `deflate`: zlib's format, in practice also bare deflate and gzip.
    Deflate,
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878).
    Zstd,
}

impl Coding {
    /// Makes a decoder; `None` if the library refuses.
    pub(super) fn decoder(self) -> Option<Codec> {
        Some(match self {
            Coding::Gzip => Codec::Zlib(Zlib::new(false)),
            Coding::Deflate => Codec::Zlib(Zlib::new(true)),
            Coding::Brotli => Codec::Brotli(Box::new(Brotli::new())),
            Coding::Zstd => Codec::Zstd(Zstd::new()?),
        })
    }
}

/// A decoder at work.
pub(super) enum Codec {
    Zlib(Zlib),
    Brotli(Box<Brotli>),
    Zstd(Zstd),
}

impl Codec {
    /// Decodes as much as the output holds. Called again with no input, it goes on with output that
    /// had no room.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self {
            Codec::Zlib(zlib) => zlib.step(input, output),
            Codec::Brotli(brotli) => brotli.step(input, output),
            Codec::Zstd(zstd) => zstd.step(input, output),
        }
    }
}

/// Deflate in any of its wrappings, chosen by the first two bytes, and one stream after another.
pub(super) struct Zlib {
    /// Whether a stream without a header may be bare deflate.
    bare_allowed: bool,
    /// The first bytes of a stream whose format is not yet known.
    header: [u8; 2],
    header_len: usize,
    stream: Option<Decompress>,
    /// Whether a stream has already been complete.
    followed: bool,
}

impl Zlib {
    fn new(bare_allowed: bool) -> Self {
        Self { bare_allowed, header: [0; 2], header_len: 0, stream: None, followed: false }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if self.stream.is_some() {
            return self.inflate(input, output);
        }
        let Some(&byte) = input.first() else {
            return Step { read: 0, written: 0, status: Status::More };
        };
        if self.header_len == 0 {
            self.header = [byte, 0];
            self.header_len = 1;
            let status = if self.followed { Status::End } else { Status::More };
            return Step { read: 1, written: 0, status };
        }
        self.header[1] = byte;
        self.header_len = 0;
        self.stream = match self.header {
            [0x1f, 0x8b] => Some(Decompress::new_gzip(15)),
            header if is_zlib_header(header) => Some(Decompress::new(true)),
            _ if self.bare_allowed && !self.followed => Some(Decompress::new(false)),
            _ => None,
        };
        if self.stream.is_none() {
            let status = if self.followed { Status::Garbage } else { Status::Corrupt };
            return Step { read: 1, written: 0, status };
        }
        let header = self.header;
        Step { read: 1, ..self.inflate(&header, output) }
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let Some(stream) = &mut self.stream else {
            return Step { read: 0, written: 0, status: Status::Corrupt };
        };
        let (total_in, total_out) = (stream.total_in(), stream.total_out());
        let result = stream.decompress(input, output, FlushDecompress::None);
        let read = (stream.total_in() - total_in) as usize;
        let written = (stream.total_out() - total_out) as usize;
        let status = match result {
            Ok(ZlibStatus::Ok | ZlibStatus::BufError) => Status::More,
            Ok(ZlibStatus::StreamEnd) => {
                self.stream = None;
                self.followed = true;
                Status::End
            }
            Err(_) => Status::Corrupt,
        };
        Step { read, written, status }
    }
}

/// Whether a stream begins like zlib's (RFC 1950, 2.2).
fn is_zlib_header(header: [u8; 2]) -> bool {
    header[0] & 0x0f == 8 && header[0] >> 4 <= 7 && u16::from_be_bytes(header).is_multiple_of(31)
}

/// Brotli without the large windows that are no part of the content coding: at most 16 MiB.
pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    phase: BrotliPhase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BrotliPhase {
    Decoding,
    Ended,
    /// Damaged; what was decoded before is still to be fetched.
    Salvage,
}

impl Brotli {
    fn new() -> Self {
        let alloc = StandardAlloc::default;
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self { state, phase: BrotliPhase::Decoding }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self.phase {
            BrotliPhase::Decoding => self.decode(input, output),
            BrotliPhase::Ended => Step { read: 0, written: 0, status: Status::Garbage },
            BrotliPhase::Salvage => self.salvage(0, 0, output),
        }
    }

    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (mut input_left, mut read) = (input.len(), 0);
        let (mut output_left, mut written) = (output.len(), 0);
        let mut total = 0;
        let result = BrotliDecompressStream(
            &mut input_left,
            &mut read,
            input,
            &mut output_left,
            &mut written,
            output,
            &mut total,
            &mut self.state,
        );
        let status = match result {
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Status::More,
            BrotliResult::ResultSuccess => {
                self.phase = BrotliPhase::Ended;
                Status::End
            }
            BrotliResult::ResultFailure => {
                self.phase = BrotliPhase::Salvage;
                return self.salvage(read, written, output);
            }
        };
        Step { read, written, status }
    }

    /// Fetches what had been decoded before the error; the library holds it back unless it
    /// believes that there was none, and that no block is longer than it said. How much that is
    /// depends on the cutting of the input by a few bytes, since the library notices such a block
    /// earlier if it has to wait within it; to avoid that, it would have to get byte after byte.
    fn salvage(&mut self, read: usize, written: usize, output: &mut [u8]) -> Step {
        self.state.error_code = BrotliDecoderErrorCode::BROTLI_DECODER_SUCCESS;
        self.state.meta_block_remaining_len = self.state.meta_block_remaining_len.max(0);
        let room = output.get_mut(written..).unwrap_or_default();
        if room.is_empty() {
            return Step { read, written, status: Status::More };
        }
        let mut size = room.len();
        let rest = BrotliDecoderTakeOutput(&mut self.state, &mut size);
        let taken = rest.len().min(room.len());
        for (to, from) in room.iter_mut().zip(rest) {
            *to = *from;
        }
        let status = if taken == 0 { Status::Corrupt } else { Status::More };
        Step { read, written: written + taken, status }
    }
}

/// Zstandard with windows of at most 8 MiB, as RFC 9659 has it for the content coding.
pub(super) struct Zstd {
    decoder: ZstdDecoder<'static>,
    /// How many bytes the library wants to see next: the rest of a block.
    wanted: usize,
    /// The output had no room for more the last time.
    full: bool,
}

impl Zstd {
    const WINDOW_LOG_MAX: u32 = 23;

    fn new() -> Option<Self> {
        let mut decoder = ZstdDecoder::new().ok()?;
        decoder.set_parameter(DParameter::WindowLogMax(Self::WINDOW_LOG_MAX)).ok()?;
        Some(Self { decoder, wanted: 1, full: false })
    }

    /// Gives the library one block at a time, and only when it has handed out the one before: after
    /// an error it does not tell what it had put into the output until then.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        if self.full {
            let step = self.decode(&[], output);
            if step.written > 0 || step.status != Status::More {
                return step;
            }
        }
        self.decode(input.get(..self.wanted.max(1)).unwrap_or(input), output)
    }

    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        let result = self.decoder.run(&mut from, &mut to);
        let (read, written) = (from.pos(), to.pos());
        self.full = written == to.capacity();
        let status = match result {
            Ok(0) => Status::End,
            Ok(_) => Status::More,
            Err(_) => Status::Corrupt,
        };
        self.wanted = result.unwrap_or_default();
        Step { read, written, status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a decoder makes of a stream that comes in pieces of so many bytes.
    fn decoded(coding: Coding, stream: &[u8], piece: usize) -> (Vec<u8>, Status) {
        let mut codec = coding.decoder().unwrap();
        let mut decoded = Vec::new();
        let mut buffer = [0; 1000];
        for mut piece in stream.chunks(piece) {
            loop {
                let step = codec.step(piece, &mut buffer);
                decoded.extend_from_slice(&buffer[..step.written]);
                piece = &piece[step.read..];
                match step.status {
                    Status::More if piece.is_empty() && step.written < buffer.len() => break,
                    Status::More => {}
                    status => return (decoded, status),
                }
            }
        }
        (decoded, Status::More)
    }

    /// Found by fuzzing: nothing was salvaged of a block whose last copy is longer than what is
    /// left of it, unless the stream happened to be cut before.
    #[test]
    fn what_a_brotli_block_gave_is_salvaged_even_if_it_overruns() {
        let stream = b"\x03\x3c\x00\x00\x04\xa2\x6d\x76\x4b\xbc\x22\x82\xc5\x20\xc8\xa7\xfa\x7c\
            \x98\x62\x18\x6c\x30\x86\x6c\x41\x5e\x27\x07\x0e\xdf\xed\xf8\x1d\xac\x05\xde\x56\
            \x6e\x81\x73\xac\x18\x9a\xc8\xc3\xde\x97\xcc\x63\x50\xc8\x6a\x67\x6f\xbe\xfd\x31\
            \x91\x56\x8b\x9b\x01\r\n1\r\n\x03\nHTc4,4\r\n";
        let whole = decoded(Coding::Brotli, stream, stream.len());
        assert!(!whole.0.is_empty());
        assert_eq!(whole.1, Status::Corrupt);
        for piece in 1..stream.len() {
            assert_eq!(decoded(Coding::Brotli, stream, piece), whole, "pieces of {piece}");
        }
    }
}
