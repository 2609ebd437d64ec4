//! One body on its way from the parser, through the decoder, to the sink.

use super::coding::{Decoder, Outcome};
use super::sink::{BodySink, FinishedBody, Note};

/// A body that the sink has opened.
pub(super) struct Body {
    suffix: String,
    decoder: Option<Decoder>,
    /// The position of the first byte in the stream, once there is one.
    file_offset: Option<u64>,
    /// Bytes written.
    size: u64,
    /// Bytes written before the present chunk; `chunk_start <= size`.
    chunk_start: u64,
    /// Whether the sink has failed; it is not asked again.
    failed: bool,
    /// What [`finish`](Self::finish) will return, once there is no decoder any more.
    excess: u64,
}

impl Body {
    pub(super) fn new(suffix: String, decoder: Option<Decoder>) -> Self {
        Self {
            suffix,
            decoder,
            file_offset: None,
            size: 0,
            chunk_start: 0,
            failed: false,
            excess: 0,
        }
    }

    /// Takes bytes that stand at this position of the stream.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8], sink: &mut dyn BodySink) {
        if self.file_offset.is_none() {
            self.file_offset = Some(offset);
            if self.decoder.is_some() {
                sink.note(&self.suffix, Note::Decoding);
            }
        }
        let Self { decoder, size, failed, .. } = self;
        let mut emit = |bytes: &[u8]| store(bytes, size, failed, sink);
        match decoder {
            Some(decoder) => decoder.decode(bytes, &mut emit),
            None => {
                emit(bytes);
            }
        }
    }

    /// Tells something about the response.
    pub(super) fn note(&self, note: Note, sink: &mut dyn BodySink) {
        sink.note(&self.suffix, note);
    }

    /// A chunk begins.
    pub(super) fn begin_chunk(&mut self) {
        self.chunk_start = self.size;
    }

    /// The present chunk is none: takes back what was written of it. The body must then be
    /// finished.
    pub(super) fn take_back_chunk(&mut self, sink: &mut dyn BodySink) {
        self.excess = self.decoder.take().map_or(0, |decoder| decoder.excess());
        if self.chunk_start < self.size && !self.failed {
            match sink.truncate(self.chunk_start) {
                Ok(()) => self.size = self.chunk_start,
                Err(_) => self.failed = true,
            }
        }
    }

    /// The body has ended. Returns how many bytes more were decoded than are in proportion to what
    /// came, see [`Bound::less`](super::coding::Bound::less).
    pub(super) fn finish(mut self, sink: &mut dyn BodySink) -> u64 {
        if let Some(decoder) = self.decoder.take() {
            self.excess = decoder.excess();
            let Self { size, failed, .. } = &mut self;
            let outcome = decoder.finish(&mut |bytes| store(bytes, size, failed, sink));
            if outcome != Outcome::Whole && !self.failed {
                sink.note(&self.suffix, Note::Decoded(outcome));
            }
        }
        match self.file_offset {
            Some(file_offset) if self.size > 0 => {
                sink.close(FinishedBody { suffix: &self.suffix, file_offset, size: self.size });
            }
            _ => sink.discard(&self.suffix),
        }
        self.excess
    }
}

fn store(bytes: &[u8], size: &mut u64, failed: &mut bool, sink: &mut dyn BodySink) -> bool {
    if !*failed {
        match sink.write(bytes) {
            Ok(()) => *size += bytes.len() as u64,
            Err(_) => *failed = true,
        }
    }
    !*failed
}
