//! What a capture file holds, as inputs for each target.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use tcpflow::capture::{Next, Source};
use tcpflow::decode::{Decoder, Found, Options, Verdict};

use super::{Seed, packed, segment};
use crate::decode::{CHECK_FCS, number_of};

/// Bytes of an input, at most: the fuzzer is the faster the shorter they are.
const LONGEST: usize = 16_384;

/// Inputs from the beginning of the file at `path`.
///
/// # Errors
/// If the file cannot be read. If it is no capture, the target `capture` gets it all the same.
pub fn of_capture(path: &Path) -> io::Result<Vec<Seed>> {
    let name =
        path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut seeds = Vec::new();
    let mut file = fs::read(path)?;
    file.truncate(LONGEST);
    seeds.push(Seed::new("capture", name.clone(), file));
    let Ok(mut source) = Source::open_file(path) else { return Ok(seeds) };

    let mut packets = vec![CHECK_FCS];
    let mut segments = vec![0];
    let mut streams: BTreeMap<[u64; 5], Vec<u8>> = BTreeMap::new();
    let mut decoder = Decoder::new(Options::default());
    while let Ok(next) = source.next_packet() {
        let packet = match next {
            Next::Packet(packet) => packet,
            Next::Idle | Next::AtHand => continue,
            Next::End => break,
        };
        if let Some(number) = number_of(packet.link_type)
            && packets.len() < LONGEST
        {
            packets.extend(packed(number, packet.data));
        }
        decoder.decode(&packet, packet.time.to_timestamp(0), |found| {
            let Found::Datagram(_, Verdict::Segment(it)) = found else { return };
            if segments.len() < LONGEST {
                let port = it.tuple.source_port().min(it.tuple.destination_port());
                let reversed = u8::from(port == it.tuple.source_port()) * 4;
                let length = it.payload.len().min(255) as u8;
                segments.extend(segment(
                    port as u8 & 3 | reversed,
                    it.flags.0,
                    it.seq,
                    length,
                    0,
                    0,
                ));
            }
            let stream = streams.entry(it.tuple.words()).or_default();
            if stream.len() < LONGEST {
                stream.extend(it.payload);
            }
        });
    }
    seeds.push(Seed::new("decode", name.clone(), packets));
    seeds.push(Seed::new("reassembly", name.clone(), segments));
    let responses = streams.into_values().filter(|stream| stream.starts_with(b"HTTP/1."));
    for (number, stream) in responses.take(4).enumerate() {
        let bytes = [&[1, 99], &stream[..]].concat();
        seeds.push(Seed::new("http", format!("{name}-{number}"), bytes));
    }
    Ok(seeds)
}
