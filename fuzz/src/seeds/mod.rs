//! Inputs for the fuzz targets to begin with.

mod captured;
mod files;
mod frames;
mod streams;

pub use captured::of_capture;

/// An input to begin with.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The target that it is for.
    pub target: &'static str,
    /// A name for its file.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Seed {
    fn new(target: &'static str, name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { target, name: name.into(), bytes }
    }
}

/// One of each kind that matters, made from nothing.
pub fn generated() -> Vec<Seed> {
    let mut seeds = files::seeds();
    seeds.extend(frames::seeds());
    seeds.extend(streams::seeds());
    seeds
}

/// A packet as an input of the target `decode` holds it.
fn packed(number: u8, frame: &[u8]) -> Vec<u8> {
    let frame = &frame[..frame.len().min(usize::from(u16::MAX))];
    [&[number, 0][..], &(frame.len() as u16).to_le_bytes(), frame].concat()
}

/// A segment as an input of the target `reassembly` holds it.
fn segment(flow: u8, flags: u8, seq: u32, length: u8, variant: u8, seconds: i16) -> Vec<u8> {
    let mut bytes = vec![flow, flags];
    bytes.extend(seq.to_le_bytes());
    bytes.extend([length, variant]);
    bytes.extend(seconds.to_le_bytes());
    debug_assert_eq!(bytes.len(), crate::reassembly::SEGMENT_LEN);
    bytes
}
