//! Capture files of every format in every compression.

use std::io::Write;

use super::Seed;

fn record(words: [u32; 4], data: &[u8], word: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let header: Vec<u8> = words.into_iter().flat_map(word).collect();
    [&header, data].concat()
}

fn pcap(magic: u32, word: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let version = if word(1) == [1, 0, 0, 0] { 4 << 16 | 2 } else { 2 << 16 | 4 };
    let mut bytes: Vec<u8> = [magic, version, 0, 0, 65_535, 1].into_iter().flat_map(word).collect();
    bytes.extend(record([1, 2, 6, 60], b"packet", word));
    bytes.extend(record([2, 999_999, 0, 0], b"", word));
    bytes
}

fn block(kind: u32, body: &[u8], word: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let length = word(body.len() as u32 + 12);
    [&word(kind)[..], &length, body, &length].concat()
}

fn pcapng(word: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let (minor, linktype) = if word(1)[0] == 1 { (1, 1) } else { (1 << 16, 1 << 16) };
    let words = |words: &[u32]| words.iter().flat_map(|&it| word(it)).collect::<Vec<u8>>();
    let section = words(&[0x1a2b_3c4d, minor, u32::MAX, u32::MAX]);
    let mut interface = words(&[linktype, 0]);
    // if_tsresol: 10^-9
    let resolution =
        if word(1)[0] == 1 { [9, 0, 1, 0, 9, 0, 0, 0] } else { [0, 9, 0, 1, 9, 0, 0, 0] };
    interface.extend(resolution);
    interface.extend([0; 4]);
    let enhanced = [words(&[0, 1, 2, 6, 60]), b"packet\0\0".to_vec()].concat();
    let simple = [words(&[6]), b"packet\0\0".to_vec()].concat();
    let obsolete = [words(&[0, 1, 2, 6, 60]), b"packet\0\0".to_vec()].concat();
    [
        block(0x0a0d_0d0a, &section, word),
        block(1, &interface, word),
        block(6, &enhanced, word),
        block(3, &simple, word),
        block(2, &obsolete, word),
        block(5, &words(&[0, 0, 0]), word),
    ]
    .concat()
}

fn zip(method: u16, contents: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut checksum = flate2::Crc::new();
    checksum.update(plain);
    let mut common = vec![20, 0, 0, 0];
    common.extend(method.to_le_bytes());
    common.extend([0; 4]);
    common.extend(checksum.sum().to_le_bytes());
    common.extend((contents.len() as u32).to_le_bytes());
    common.extend((plain.len() as u32).to_le_bytes());
    common.extend([6, 0, 0, 0]);
    let local = [b"PK\x03\x04", &common[..], b"a.pcap", contents].concat();
    let central = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], b"a.pcap"].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((central.len() as u32).to_le_bytes());
    end.extend((local.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [local, central, end].concat()
}

fn compressions(plain: &[u8]) -> std::io::Result<Vec<(&'static str, Vec<u8>)>> {
    let level = flate2::Compression::default();
    let mut gzip = flate2::write::GzEncoder::new(vec![], level);
    gzip.write_all(plain)?;
    let mut deflate = flate2::write::DeflateEncoder::new(vec![], level);
    deflate.write_all(plain)?;
    let mut bzip2 = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::fast());
    bzip2.write_all(plain)?;
    let mut xz = liblzma::write::XzEncoder::new(vec![], 0);
    xz.write_all(plain)?;
    let mut lzma_options = liblzma::stream::LzmaOptions::new_preset(0)?;
    lzma_options.dict_size(1 << 16);
    let lzma = liblzma::stream::Stream::new_lzma_encoder(&lzma_options)?;
    let mut lzma = liblzma::write::XzEncoder::new_stream(vec![], lzma);
    lzma.write_all(plain)?;
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(vec![]);
    lz4.write_all(plain)?;
    let gzip = gzip.finish()?;
    Ok(vec![
        ("gzip-twice", [&gzip[..], &gzip].concat()),
        ("gzip", gzip),
        ("bzip2", bzip2.finish()?),
        ("xz", xz.finish()?),
        ("lzma", lzma.finish()?),
        ("zstd", zstd::encode_all(plain, 3)?),
        ("lz4", lz4.finish().map_err(std::io::Error::other)?),
        ("zip", zip(8, &deflate.finish()?, plain)),
        ("zip-stored", zip(0, plain, plain)),
    ])
}

pub(super) fn seeds() -> Vec<Seed> {
    let plain = [
        ("pcap", pcap(0xa1b2_c3d4, u32::to_le_bytes)),
        ("pcap-big", pcap(0xa1b2_c3d4, u32::to_be_bytes)),
        ("pcap-nano", pcap(0xa1b2_3c4d, u32::to_le_bytes)),
        ("pcap-patched", pcap(0xa1b2_cd34, u32::to_le_bytes)),
        ("pcapng", pcapng(u32::to_le_bytes)),
        ("pcapng-big", pcapng(u32::to_be_bytes)),
    ];
    let mut seeds = Vec::new();
    for (name, bytes) in plain {
        for (compression, bytes) in compressions(&bytes).expect("in memory") {
            seeds.push(Seed::new("capture", format!("{name}.{compression}"), bytes));
        }
        seeds.push(Seed::new("capture", name, bytes));
    }
    seeds
}
