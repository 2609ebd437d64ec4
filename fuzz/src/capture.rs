//! Bytes as a capture file: pcap, pcapng, compressed or not, archives.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use tcpflow::capture::{FileSource, MAX_SNAPLEN, Next, write_record};

/// Packets read of one input, at most: a few bytes may unpack to millions of empty packets.
const MOST_PACKETS: usize = 20_000;

/// No link type's packets are longer, USB's (128 MiB) excepted.
const LONGEST_PACKET: usize = 128 << 20;

/// Reads `input` as a file, to the end.
///
/// Promised: every packet is within bounds and can be written again, a source that has ended or
/// failed comes to its end, and does not go on behind it.
pub fn run(input: &[u8]) {
    thread_local!(static SCRATCH: OnceCell<Scratch> = const { OnceCell::new() });
    SCRATCH.with(|scratch| read(scratch.get_or_init(Scratch::new).holding(input)));
}

fn read(path: &Path) {
    let Ok(mut source) = FileSource::open(path) else { return };
    assert!(source.size().is_some(), "the input is a regular file");
    let mut record = Vec::new();
    let mut errors = 0;
    for _ in 0..MOST_PACKETS {
        match source.next_packet() {
            Ok(Next::Packet(packet)) => {
                assert!(packet.data.len() <= LONGEST_PACKET);
                if packet.data.len() <= MAX_SNAPLEN as usize {
                    record.clear();
                    write_record(&mut record, &packet);
                    assert_eq!(record.len(), 16 + packet.data.len());
                    assert!(record.ends_with(packet.data));
                }
            }
            Ok(Next::Idle | Next::AtHand) => {}
            Ok(Next::End) => {
                let position = source.position();
                assert!(Some(position) <= source.size(), "read more than there is");
                assert!(matches!(source.next_packet(), Ok(Next::End)), "went on behind the end");
                return;
            }
            Err(error) => {
                // One for each file in an archive at most; its entry takes some 30 bytes.
                errors += 1;
                assert!(errors <= 1 + source.size().unwrap_or(0) / 16, "{error} again and again");
                assert!(!error.to_string().contains('\n'), "{error:?} is not one line");
            }
        }
    }
}

/// A file that is used again for each input. In memory where there is such a folder.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let thread = std::thread::current().id();
        Self(folder.join(format!("tcpflow-fuzz-{}-{thread:?}", std::process::id())))
    }

    fn holding(&self, input: &[u8]) -> &Path {
        File::create(&self.0).and_then(|mut file| file.write_all(input)).expect("the scratch file");
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
