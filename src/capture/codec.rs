//! The decompressors of several crates behind one interface: bytes in, bytes out, a step at a time.
//!
//! A step reports what it produced even if it then met damage, so that everything before the
//! damage can be used; the crates' own readers throw some of it away.

use std::io;

use bzip2::Decompress as Bzip2;
use flate2::{Decompress as Inflate, FlushDecompress};
use liblzma::stream::{Action, Stream as Lzma};
use zstd::stream::raw::{DParameter, Decoder as Zstd, Operation};

use super::compression::Compression;

/// The most memory an archive may demand for being unpacked, in bytes; its header says how much,
/// and need not be honest. The largest presets of xz and zstd take 65 and 128 MiB.
const MEMORY_LIMIT: u64 = 1 << 27;
const ZSTD_WINDOW_LOG: u32 = MEMORY_LIMIT.ilog2();

/// A decompressor in the middle of one stream.
pub(super) enum Codec {
    /// Gzip, or deflate without anything around it.
    Inflate(Inflate),
    Bzip2(Bzip2),
    /// Xz or lzma.
    Lzma(Lzma),
    Zstd {
        decoder: Zstd<'static>,
        /// How much input the decoder can do with. Giving it more would be faster by little, but
        /// then it forgets what it produced when it meets damage.
        wanted: usize,
    },
}

/// What a step did.
pub(super) struct Step {
    /// Bytes of input that are done with.
    pub(super) consumed: usize,
    /// Bytes written to the front of the output.
    pub(super) produced: usize,
    /// Whether the stream ended with this step; or that it is damaged after what was produced.
    pub(super) finished: Result<bool, String>,
}

impl Codec {
    /// A decompressor at the start of a stream; `None` for formats that are no single stream.
    pub(super) fn new(compression: Compression) -> io::Result<Option<Self>> {
        Ok(Some(match compression {
            Compression::Gzip => Self::Inflate(Inflate::new_gzip(15)),
            Compression::Bzip2 => Self::Bzip2(Bzip2::new(false)),
            Compression::Xz => Self::Lzma(Lzma::new_stream_decoder(MEMORY_LIMIT, 0)?),
            Compression::Lzma => Self::Lzma(Lzma::new_lzma_decoder(MEMORY_LIMIT)?),
            Compression::Zstd => {
                let mut decoder = Zstd::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
                Self::Zstd { decoder, wanted: 1 }
            }
            Compression::Lz4 | Compression::Zip => return Ok(None),
        }))
    }

    /// A decompressor for deflate as zip archives hold it.
    pub(super) fn raw_deflate() -> Self {
        Self::Inflate(Inflate::new(false))
    }

    /// Decompresses some of `input` to the front of `output`.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self {
            Self::Inflate(inflate) => {
                let before = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(input, output, FlushDecompress::None);
                let finished = match status {
                    Ok(status) => Ok(status == flate2::Status::StreamEnd),
                    // Its other messages are about its own state rather than about the data.
                    Err(error) if error.message() == Some("incorrect data check") => {
                        Err("wrong checksum".to_owned())
                    }
                    Err(_) => Err("invalid data".to_owned()),
                };
                Step::since(before, (inflate.total_in(), inflate.total_out()), finished)
            }
            Self::Bzip2(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let status = decoder.decompress(input, output);
                let finished = status
                    .map(|status| status == bzip2::Status::StreamEnd)
                    .map_err(|error| error.to_string());
                Step::since(before, (decoder.total_in(), decoder.total_out()), finished)
            }
            Self::Lzma(stream) => {
                let before = (stream.total_in(), stream.total_out());
                let status = stream.process(input, output, Action::Run);
                let finished = status
                    .map(|status| status == liblzma::stream::Status::StreamEnd)
                    .map_err(|error| error.to_string());
                Step::since(before, (stream.total_in(), stream.total_out()), finished)
            }
            Self::Zstd { decoder, wanted } => {
                let input = input.get(..*wanted).unwrap_or(input);
                match decoder.run_on_buffers(input, output) {
                    Ok(status) => {
                        *wanted = status.remaining.max(1);
                        let (consumed, produced) = (status.bytes_read, status.bytes_written);
                        Step { consumed, produced, finished: Ok(status.remaining == 0) }
                    }
                    Err(error) => {
                        Step { consumed: 0, produced: 0, finished: Err(error.to_string()) }
                    }
                }
            }
        }
    }
}

impl Step {
    /// The step between two readings of a decompressor's counters.
    fn since(before: (u64, u64), after: (u64, u64), finished: Result<bool, String>) -> Self {
        Self {
            consumed: after.0.wrapping_sub(before.0) as usize,
            produced: after.1.wrapping_sub(before.1) as usize,
            finished,
        }
    }
}
