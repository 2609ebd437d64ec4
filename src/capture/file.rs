//! Capture files: finds out what a file is and reads its packets.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::archive::{self, Archive};
use super::compression::{Compression, DETECTION_LEN};
use super::error::{CaptureError, Fault};
use super::input::Input;
use super::packet::LinkType;
use super::pcap::PcapReader;
use super::pcapng::PcapNgReader;
use super::read_ahead::ReadAhead;
use super::record::Record;
use super::savefile::PcapHeader;
use super::source::Next;
use super::window::{Fill, Window};

/// Bytes of a file to have in memory.
const WINDOW_LEN: usize = 256 << 10;

/// A capture file, opened.
pub struct FileSource {
    name: String,
    /// The name of the file inside an archive that is being read.
    member: Option<String>,
    window: Window<Content>,
    state: State,
    link_type: LinkType,
    header: PcapHeader,
    position: Arc<AtomicU64>,
    size: Option<u64>,
}

/// Where the bytes of a capture come from.
enum Content {
    /// A regular file that is not compressed.
    Direct(Input),
    /// Anything else.
    Ahead(ReadAhead),
}

/// What is being read.
enum State {
    Inside(Reader),
    /// A capture is done; the archive may hold another.
    Between,
    /// Everything was read.
    Done,
}

/// The reader for the format of a capture.
enum Reader {
    Pcap(PcapReader),
    PcapNg(PcapNgReader),
}

impl FileSource {
    /// Opens the file at `path`, `-` for standard input, and reads what comes before its packets.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let name = match path.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        Self::open_named(path, name.clone()).map_err(|fault| fault.of(name))
    }

    fn open_named(path: &Path, name: String) -> Result<Self, Fault> {
        let input = Input::open(path)?;
        let (position, size) = (input.position(), input.regular_size());
        let mut window = Content::open(input)?;
        let mut member = None;
        let reader = match window.fill_waiting(1)? {
            Fill::Enough | Fill::Waiting => Reader::open(&mut window)?,
            // An archive of files that have names gives nothing before one of them was asked for.
            Fill::Short(_) => match open_next_member(&mut window, &mut member)? {
                Some(reader) => reader,
                None => return Err(Fault::UnknownFormat),
            },
        };
        let (link_type, header) = (reader.link_type(), reader.header());
        let state = State::Inside(reader);
        Ok(Self { name, member, window, state, link_type, header, position, size })
    }

    /// See [`Source::next_packet`](super::Source::next_packet).
    #[inline]
    pub fn next_packet(&mut self) -> Result<Next<'_>, CaptureError> {
        loop {
            let record = match &mut self.state {
                State::Inside(Reader::Pcap(reader)) => reader.next(&mut self.window),
                State::Inside(Reader::PcapNg(reader)) => reader.next(&mut self.window),
                State::Between => match self.open_next_member() {
                    Ok(()) => continue,
                    Err(fault) => Err(fault),
                },
                State::Done => return Ok(Next::End),
            };
            match record {
                Ok(Record::Packet(packet)) => {
                    return Ok(Next::Packet(packet.lend(&mut self.window)));
                }
                Ok(Record::Waiting) => return Ok(Next::Idle),
                Ok(Record::End) => self.state = State::Between,
                Err(fault) => {
                    let error = fault.of(self.full_name());
                    // Only the other files of an archive can be any good after this.
                    self.state = match self.member.take() {
                        Some(_) => State::Between,
                        None => State::Done,
                    };
                    return Err(error);
                }
            }
        }
    }

    /// Goes on to the next capture in an archive.
    fn open_next_member(&mut self) -> Result<(), Fault> {
        self.state = match open_next_member(&mut self.window, &mut self.member)? {
            Some(reader) => State::Inside(reader),
            None => State::Done,
        };
        Ok(())
    }

    fn full_name(&self) -> String {
        match &self.member {
            Some(member) => format!("{}: {member}", self.name),
            None => self.name.clone(),
        }
    }
    /// See [`Source::link_type`](super::Source::link_type).
    pub fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// See [`Source::name`](super::Source::name).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// See [`Source::pcap_header`](super::Source::pcap_header).
    pub fn pcap_header(&self) -> PcapHeader {
        self.header
    }

    /// See [`Source::position`](super::Source::position).
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// See [`Source::size`](super::Source::size).
    pub fn size(&self) -> Option<u64> {
        self.size
    }
}

impl Content {
    /// Finds out whether a file is compressed, and arranges for its bytes to be read.
    fn open(input: Input) -> Result<Window<Self>, Fault> {
        let never_waits = input.regular_size().is_some();
        let mut window = Window::new(input, WINDOW_LEN);
        if window.fill(DETECTION_LEN)? == Fill::Short(0) {
            return Err(Fault::Truncated { part: "file header", wanted: 4, got: 0 });
        }
        let archive: Box<dyn Archive> = match Compression::detect(window.filled()) {
            Some(compression) => archive::unpack(compression, window)?,
            None if never_waits => return Ok(window.map_stream(Self::Direct)),
            None => Box::new(window),
        };
        Ok(Window::new(Self::Ahead(ReadAhead::start(archive)?), WINDOW_LEN))
    }

    /// See [`Archive::next_member`](archive::Archive::next_member).
    fn next_member(&mut self) -> io::Result<Option<String>> {
        match self {
            Self::Direct(_) => Ok(None),
            Self::Ahead(ahead) => ahead.next_member(),
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Direct(input) => input.read(buffer),
            Self::Ahead(ahead) => ahead.read(buffer),
        }
    }
}

/// Goes on to the next capture in an archive and puts down its name; passes over files that are
/// empty or something else.
fn open_next_member(
    window: &mut Window<Content>,
    member: &mut Option<String>,
) -> Result<Option<Reader>, Fault> {
    loop {
        window.consume(usize::MAX);
        *member = window.stream_mut().next_member()?;
        if member.is_none() {
            return Ok(None);
        }
        match Reader::open(window) {
            Ok(reader) => return Ok(Some(reader)),
            Err(Fault::UnknownFormat | Fault::Truncated { got: 0, .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
}

impl Reader {
    /// Finds out the format of the capture at the front of the window.
    fn open<R: Read>(window: &mut Window<R>) -> Result<Self, Fault> {
        if let Fill::Short(got) = window.fill_waiting(4)? {
            return Err(Fault::Truncated { part: "file header", wanted: 4, got });
        }
        let magic = *window.filled().first_chunk().ok_or(Fault::UnknownFormat)?;
        match () {
            () if PcapReader::recognises(magic) => PcapReader::open(window).map(Self::Pcap),
            () if PcapNgReader::recognises(magic) => PcapNgReader::open(window).map(Self::PcapNg),
            () => Err(Fault::UnknownFormat),
        }
    }

    fn link_type(&self) -> LinkType {
        match self {
            Self::Pcap(reader) => reader.link_type(),
            Self::PcapNg(reader) => reader.link_type(),
        }
    }

    fn header(&self) -> PcapHeader {
        match self {
            Self::Pcap(reader) => reader.header(),
            Self::PcapNg(reader) => reader.header(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::io::Write;
    use std::os::unix::ffi::OsStrExt;
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::super::testing::{Order, Outcome, PLAIN, pcapng, read, samples};
    use super::*;

    /// `bytes` in each compression that holds a single file.
    fn compressed(bytes: &[u8]) -> Vec<(Compression, Vec<u8>)> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(bytes).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(bytes).unwrap();
        let options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
        let lzma = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
        let mut lzma = liblzma::write::XzEncoder::new_stream(Vec::new(), lzma);
        lzma.write_all(bytes).unwrap();
        let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
        zstd.include_checksum(true).unwrap();
        zstd.write_all(bytes).unwrap();
        let checked = lz4_flex::frame::FrameInfo::new().content_checksum(true);
        let mut lz4 = lz4_flex::frame::FrameEncoder::with_frame_info(checked, Vec::new());
        lz4.write_all(bytes).unwrap();
        vec![
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Bzip2, bzip2.finish().unwrap()),
            (Compression::Xz, xz.finish().unwrap()),
            (Compression::Lzma, lzma.finish().unwrap()),
            (Compression::Zstd, zstd.finish().unwrap()),
            (Compression::Lz4, lz4.finish().unwrap()),
        ]
    }

    /// A zip archive as programs write it to files, or, `streamed`, to pipes.
    fn zip(files: &[(&str, &[u8])], deflated: bool, streamed: bool) -> Vec<u8> {
        let mut archive = Vec::new();
        for (name, bytes) in files {
            let mut deflate =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            deflate.write_all(bytes).unwrap();
            let data = if deflated { deflate.finish().unwrap() } else { bytes.to_vec() };
            let mut crc = flate2::Crc::new();
            crc.update(bytes);
            let sums = [crc.sum(), data.len() as u32, bytes.len() as u32].map(u32::to_le_bytes);
            archive.extend(b"PK\x03\x04\x14\x00");
            archive.extend([if streamed { 8 } else { 0 }, 0, if deflated { 8 } else { 0 }, 0]);
            archive.extend([0; 4]);
            archive.extend(if streamed { [0; 12].to_vec() } else { sums.concat() });
            archive.extend((name.len() as u16).to_le_bytes());
            archive.extend([4, 0]);
            archive.extend(name.as_bytes());
            archive.extend([0x55, 0x54, 0, 0]); // an extra field of no interest
            archive.extend(data);
            if streamed {
                archive.extend(b"PK\x07\x08");
                archive.extend(sums.concat());
            }
        }
        archive.extend(b"PK\x01\x02 the directory");
        archive
    }

    fn good() -> Outcome {
        Outcome { packets: samples(), errors: vec![] }
    }

    #[test]
    fn every_compression_is_recognised_and_undone() {
        for capture in [PLAIN.with(&samples(), 1), pcapng(Order::Big, &samples())] {
            for (compression, bytes) in compressed(&capture) {
                assert_eq!(Compression::detect(&bytes), Some(compression));
                assert_eq!(read(&bytes), good(), "{compression:?}");
            }
            for (deflated, streamed) in [(false, false), (true, false), (true, true)] {
                let archive = zip(&[("a.pcap", &capture)], deflated, streamed);
                assert_eq!(read(&archive), good(), "{deflated} {streamed}");
            }
        }
    }

    #[test]
    fn streams_one_behind_the_other_are_one_file() {
        let capture = PLAIN.with(&samples(), 1);
        let (front, back) = capture.split_at(1000);
        for ((compression, front), (_, back)) in compressed(front).iter().zip(compressed(back)) {
            // The lzma format has no such notion.
            if *compression != Compression::Lzma {
                assert_eq!(read(&[front.as_slice(), &back].concat()), good(), "{compression:?}");
            }
        }
    }

    #[test]
    fn padding_and_garbage_behind_an_archive_are_ignored() {
        for (compression, bytes) in compressed(&PLAIN.with(&samples(), 1)) {
            for tail in [&[0; 512][..], b"garbage", &[0, 0, 0, 0, 7, 7]] {
                assert_eq!(read(&[&bytes, tail].concat()), good(), "{compression:?} {tail:?}");
            }
        }
    }

    #[test]
    fn a_truncated_archive_gives_what_is_there_and_one_error() {
        let samples: Vec<_> = std::iter::repeat_n(samples(), 4).flatten().collect();
        let capture = PLAIN.with(&samples, 1);
        let mut archives = compressed(&capture);
        archives.push((Compression::Zip, zip(&[("a", &capture)], true, false)));
        for (compression, bytes) in archives {
            let outcome = read(&bytes[..bytes.len() - 20]);
            let count = outcome.packets.len();
            assert_eq!(outcome.packets, samples[..count]);
            // These have large blocks, and a block is the least that can be unpacked.
            let is_coarse = matches!(compression, Compression::Bzip2 | Compression::Lz4);
            assert!(count > 0 || is_coarse, "{compression:?}");
            let [error] = outcome.errors.as_slice() else { panic!("{:?}", outcome.errors) };
            let expected = format!("truncated {} archive", compression.name());
            assert!(error.ends_with(&expected), "{error}");
        }
    }

    #[test]
    fn a_damaged_archive_gives_what_was_before_and_one_error() {
        let samples: Vec<_> = std::iter::repeat_n(samples(), 4).flatten().collect();
        for (compression, mut bytes) in compressed(&PLAIN.with(&samples, 1)) {
            let middle = bytes.len() / 2;
            bytes[middle..middle + 8].fill(0xff);
            let outcome = read(&bytes);
            assert_eq!(outcome.errors.len(), 1, "{compression:?}: {:?}", outcome.errors);
        }
    }

    #[test]
    fn all_captures_in_a_zip_archive_are_read_and_other_files_are_not() {
        let pcap = PLAIN.with(&samples(), 1);
        let pcapng = pcapng(Order::Big, &samples());
        let cut = &pcap[..30];
        let files: [(&str, &[u8]); 7] = [
            ("folder/", b""),
            ("README", b"What this is"),
            ("folder/a.pcap", &pcap),
            ("empty", b""),
            ("__MACOSX/._a.pcap", &pcap),
            ("cut.pcap", cut),
            ("b.pcapng", &pcapng),
        ];
        for deflated in [false, true] {
            let outcome = read(&zip(&files, deflated, deflated));
            assert_eq!(outcome.packets, [samples(), samples()].concat());
            let error = "cut.pcap: truncated dump file; tried to read 16 header bytes, only got 6";
            assert_eq!(outcome.errors, [error]);
        }
        let nothing = read(&zip(&files[..2], true, false));
        assert_eq!(nothing.errors, ["unknown file format"]);
    }

    #[test]
    fn wrong_checksums_are_reported_after_the_packets() {
        let mut archive = zip(&[("a.pcap", &PLAIN.with(&samples(), 1))], true, false);
        archive[14] ^= 1;
        let outcome = read(&archive);
        assert_eq!(outcome.packets, samples());
        assert_eq!(outcome.errors, ["a.pcap: damaged zip archive: wrong checksum"]);
    }

    #[test]
    fn what_is_no_capture_is_refused() {
        assert_eq!(read(b"Just some text.").errors, ["unknown file format"]);
        assert_eq!(read(b"ab").errors.len(), 1);
        let open = |path: &Path| FileSource::open(path).err().unwrap().to_string();
        assert!(open(Path::new("/no/such/file")).starts_with("/no/such/file: No such file"));
        assert!(open(Path::new("/")).starts_with("/: "));
    }

    #[test]
    fn names_need_not_be_unicode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.pcap"));
        std::fs::write(&path, PLAIN.header()).unwrap();
        assert!(FileSource::open(&path).unwrap().name().contains("caf"));
    }

    #[test]
    fn a_silent_pipe_is_idle_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let capture = PLAIN.with(&samples()[2..4], 1);
        let writer = std::thread::spawn({
            let path = path.clone();
            move || std::fs::OpenOptions::new().write(true).open(path).unwrap()
        });
        let source = std::thread::spawn(move || FileSource::open(&path).unwrap());
        let mut writer = writer.join().unwrap();
        writer.write_all(&capture[..100]).unwrap();
        let mut source = source.join().unwrap();

        assert!(matches!(source.next_packet().unwrap(), Next::Packet(_)));
        let begin = Instant::now();
        assert!(matches!(source.next_packet().unwrap(), Next::Idle));
        assert!(begin.elapsed() < Duration::from_secs(2));
        writer.write_all(&capture[100..]).unwrap();
        drop(writer);
        let mut packets = 0;
        loop {
            match source.next_packet().unwrap() {
                Next::Packet(packet) => packets += usize::from(packet.data.len() == 1514),
                Next::Idle => assert!(begin.elapsed() < Duration::from_secs(5)),
                Next::End => break,
            }
        }
        assert_eq!(packets, 1);
    }

    /// A file of each kind.
    static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let capture = PLAIN.with(&samples()[..4], 1);
        let mut files = vec![
            capture.clone(),
            pcapng(Order::Little, &samples()[..4]),
            pcapng(Order::Big, &samples()[..4]),
            zip(&[("a", &capture), ("b", &capture)], true, false),
            zip(&[("a", &capture), ("b", &capture)], true, true),
            zip(&[("a", &capture), ("b", &capture)], false, false),
        ];
        files.extend(compressed(&capture).into_iter().map(|(_, bytes)| bytes));
        files
    });

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn damaged_files_are_no_danger(
            which in 0_usize..12,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            end in any::<prop::sample::Index>(),
        ) {
            let mut file = FILES[which].clone();
            for (position, value) in changes {
                // The front is where structure is.
                let position = position.index(file.len()).min(position.index(200));
                file[position] = value;
            }
            file.truncate(end.index(file.len() * 2));
            let outcome = read(&file);
            prop_assert!(outcome.packets.iter().all(|packet| packet.data.len() <= 262_144));
        }

        #[test]
        fn arbitrary_bytes_are_no_danger(
            magic in prop::sample::select(vec![
                &b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0"[..],
                b"\xa1\xb2\x3c\x4d\0\x02\0\x04",
                b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0",
                b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd",
                b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18", b"\x50\x2a\x4d\x18", b"PK\x03\x04",
                b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", b"",
            ]),
            bytes in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            read(&[magic, &bytes].concat());
        }
    }
}
