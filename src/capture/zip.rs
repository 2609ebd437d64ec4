//! Reads zip archives from front to back, as standard input must be read: the files in it one
//! after another, by their local headers (APPNOTE.TXT 4.3); the directory at the end is not needed.
//!
//! Not the `zip` crate: without seeking it cannot read what was itself written without seeking.

use std::io::{self, ErrorKind, Read};

use flate2::Crc;

use super::archive::{Archive, damaged, truncated};
use super::codec::{Codec, Step};
use super::compression::Compression;
use super::window::{Fill, Window};

const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
const LOCAL_HEADER_LEN: usize = 30;
const DATA_DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// What may stand behind the last file: the directory, or what comes after that or before it.
const BEHIND_FILES: [[u8; 4]; 5] =
    [*b"PK\x01\x02", *b"PK\x05\x06", *b"PK\x06\x06", *b"PK\x06\x07", *b"PK\x06\x08"];

/// Flags of a local header.
const ENCRYPTED: u16 = 1 << 0;
/// Checksum and sizes were not known when the header was written; they follow the data.
const HAS_DESCRIPTOR: u16 = 1 << 3;

/// The number of the extra field that holds 64-bit sizes.
const ZIP64: u16 = 1;

/// The files of a zip archive. A file that is damaged, or cannot be read, hides none of the others as
/// long as its length is known.
pub(super) struct ZipReader<R> {
    archive: Window<R>,
    entry: Option<Entry>,
    /// A file that was given up, if the archive is still somewhere within it.
    given_up: Option<Entry>,
}

/// The file that is being read.
struct Entry {
    content: Content,
    /// Compressed bytes not read yet; `None` if nobody knows.
    remaining: Option<u64>,
    checksum: Crc,
    /// `None` if it follows the data.
    expected_checksum: Option<u32>,
    /// Whether sizes behind the data have 64 bits.
    is_zip64: bool,
    /// How the data ended, once it has: properly or with damage.
    ended: Option<io::Result<()>>,
}

enum Content {
    Stored,
    Compressed(Codec),
}

impl<R: Read> ZipReader<R> {
    pub(super) fn new(archive: Window<R>) -> Self {
        Self { archive, entry: None, given_up: None }
    }

    /// Tries to have `wanted` bytes of the archive in the window.
    fn need(&mut self, wanted: usize) -> io::Result<&[u8]> {
        match self.archive.fill(wanted)? {
            Fill::Enough => Ok(self.archive.filled()),
            _ => Err(truncated(Compression::Zip)),
        }
    }

    /// Reads a local header and what belongs to it; tells the file's name and where its bytes are.
    fn open_entry(&mut self) -> io::Result<(String, Entry)> {
        let bytes = self.need(LOCAL_HEADER_LEN)?;
        let (flags, method) = (le16(bytes, 6), le16(bytes, 8));
        let (checksum, compressed) = (le32(bytes, 14), le32(bytes, 18));
        let (name_len, extra_len) = (usize::from(le16(bytes, 26)), usize::from(le16(bytes, 28)));
        let header_len = LOCAL_HEADER_LEN + name_len + extra_len;
        let bytes = self.need(header_len)?.get(LOCAL_HEADER_LEN..header_len).unwrap_or_default();
        let (name, extra) = bytes.split_at(name_len.min(bytes.len()));
        let name = String::from_utf8_lossy(name).into_owned();
        let long_compressed = zip64_compressed_size(extra);
        self.archive.consume(header_len);

        let has_descriptor = flags & HAS_DESCRIPTOR != 0;
        let remaining = match (compressed, long_compressed) {
            (u32::MAX, Some(0)) | (0, _) if has_descriptor => None,
            (u32::MAX, Some(long)) => Some(long),
            (short, _) => Some(u64::from(short)),
        };
        let codec = match method {
            _ if flags & ENCRYPTED != 0 => Err("encrypted files are not supported".to_owned()),
            0 if remaining.is_none() => Err("its length is unknown".to_owned()),
            0 => Ok(None),
            8 => Ok(Some(Codec::raw_deflate())),
            12 => Ok(Codec::new(Compression::Bzip2)?),
            93 => Ok(Codec::new(Compression::Zstd)?),
            95 => Ok(Codec::new(Compression::Xz)?),
            other => Err(format!("compression method {other} is not supported")),
        };
        let (content, ended) = match codec {
            Ok(codec) => (codec.map_or(Content::Stored, Content::Compressed), None),
            Err(reason) => {
                (Content::Stored, Some(Err(io::Error::new(ErrorKind::Unsupported, reason))))
            }
        };
        let entry = Entry {
            content,
            remaining,
            checksum: Crc::new(),
            expected_checksum: (!has_descriptor).then_some(checksum),
            is_zip64: long_compressed.is_some(),
            ended,
        };
        Ok((name, entry))
    }

    /// Reads some of a file's data.
    fn step(&mut self, entry: &mut Entry, buffer: &mut [u8]) -> io::Result<usize> {
        let at_end = self.archive.fill(1)? != Fill::Enough;
        let bytes = self.archive.filled();
        let input = match entry.remaining.map(usize::try_from) {
            Some(Ok(remaining)) => bytes.get(..remaining).unwrap_or(bytes),
            _ => bytes,
        };
        let Step { consumed, produced, finished } = match &mut entry.content {
            Content::Compressed(codec) => codec.step(input, buffer),
            Content::Stored => copy(input, buffer, entry.remaining.unwrap_or(0)),
        };
        self.archive.consume(consumed);
        entry.remaining = entry.remaining.map(|it| it.saturating_sub(consumed as u64));
        entry.checksum.update(buffer.get(..produced).unwrap_or_default());
        entry.ended = match finished {
            // The next file may stand right behind what is there.
            Ok(true) if entry.remaining.is_some_and(|it| it > 0) => {
                entry.remaining = Some(0);
                Some(Err(damaged(Compression::Zip, "a file's length is wrong")))
            }
            Ok(true) => Some(Ok(())),
            Ok(false) if (consumed, produced) != (0, 0) => None,
            Ok(false) if at_end => return Err(truncated(Compression::Zip)),
            Ok(false) => Some(Err(damaged(Compression::Zip, "a file's length is wrong"))),
            Err(reason) => Some(Err(damaged(Compression::Zip, reason))),
        };
        Ok(produced)
    }

    /// Reads what follows a file's data, and checks the data.
    fn close_entry(&mut self, entry: Entry) -> io::Result<()> {
        if !self.archive.skip(entry.remaining.unwrap_or(0))? {
            return Err(truncated(Compression::Zip));
        }
        let expected = match entry.expected_checksum {
            Some(expected) => expected,
            None => {
                let sizes_len = if entry.is_zip64 { 16 } else { 8 };
                let has_mark = self.need(4)?.first_chunk() == Some(&DATA_DESCRIPTOR);
                let start = if has_mark { 4 } else { 0 };
                let expected = le32(self.need(start + 4 + sizes_len)?, start);
                self.archive.consume(start + 4 + sizes_len);
                expected
            }
        };
        match entry.checksum.sum() == expected {
            true => Ok(()),
            false => Err(damaged(Compression::Zip, "wrong checksum")),
        }
    }
}

impl<R: Read> Read for ZipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            let Some(mut entry) = self.entry.take() else { break };
            match entry.ended.take() {
                None => {
                    let produced = self.step(&mut entry, buffer)?;
                    self.entry = Some(entry);
                    if produced > 0 {
                        return Ok(produced);
                    }
                }
                Some(Ok(())) => self.close_entry(entry)?,
                Some(Err(error)) => {
                    self.given_up = Some(entry);
                    return Err(error);
                }
            }
        }
        Ok(0)
    }
}

impl<R: Read + Send> Archive for ZipReader<R> {
    fn next_member(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(entry) = self.given_up.take() {
                // Where it ends could only be guessed.
                if entry.remaining.is_none() {
                    self.archive.skip(u64::MAX)?;
                    return Ok(None);
                }
                // What is wrong with it was told.
                let _ = self.close_entry(entry);
            }
            self.archive.fill(4)?;
            match self.archive.filled().first_chunk() {
                Some(&LOCAL_HEADER) => {}
                Some(behind) if BEHIND_FILES.contains(behind) => {
                    // Whoever writes to a pipe wants to be rid of it.
                    self.archive.skip(u64::MAX)?;
                    return Ok(None);
                }
                Some(_) => return Err(damaged(Compression::Zip, "no file's header follows")),
                None => return Err(truncated(Compression::Zip)),
            }
            let (name, entry) = self.open_entry()?;
            self.entry = Some(entry);
            // Folders, and what macOS adds to files.
            if !name.ends_with('/') && !name.starts_with("__MACOSX/") {
                return Ok(Some(name));
            }
            // Nobody wants them, whatever may be wrong with them.
            let _ = io::copy(self, &mut io::sink());
        }
    }
}

/// A step of "decompressing" what is not compressed, of which `remaining` bytes are left.
fn copy(input: &[u8], output: &mut [u8], remaining: u64) -> Step {
    let count = input.len().min(output.len());
    for (to, from) in output.iter_mut().zip(input) {
        *to = *from;
    }
    Step { consumed: count, produced: count, finished: Ok(count as u64 == remaining) }
}

/// The 64-bit compressed size among the extra fields of a local header.
fn zip64_compressed_size(mut extra: &[u8]) -> Option<u64> {
    while let Some((field, rest)) = extra.split_first_chunk::<4>() {
        let (number, length) = (le16(field, 0), usize::from(le16(field, 2)));
        let (value, rest) = rest.split_at_checked(length)?;
        if number == ZIP64 {
            // The uncompressed size comes first.
            let (_, sizes) = value.split_first_chunk::<8>()?;
            return sizes.first_chunk::<8>().map(|size| u64::from_le_bytes(*size));
        }
        extra = rest;
    }
    None
}

/// The 16-bit number at `at`; 0 beyond the end.
fn le16(bytes: &[u8], at: usize) -> u16 {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk);
    found.map_or(0, |number| u16::from_le_bytes(*number))
}

/// The 32-bit number at `at`; 0 beyond the end.
fn le32(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk);
    found.map_or(0, |number| u32::from_le_bytes(*number))
}
