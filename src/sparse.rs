//! Writes bytes to files so that blocks of zeros become holes.
//!
//! A capture of kilobytes can claim gigabytes that were never sent, and a compressed body can hold
//! as many zeros; neither may fill the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What file systems allot at least.
const BLOCK: u64 = 4096;

/// A block of nothing: comparing with it is as fast as memory, however the program was built.
static ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];

/// Less than this is not worth looking at.
const SMALL: usize = 2 * BLOCK as usize;

/// Writes `bytes` at `position` of a file whose end is at `len`: behind it, zeros need not be
/// written. The file is then at least as long as if they had been.
pub fn write_at(file: &File, bytes: &[u8], position: u64, len: u64) -> io::Result<()> {
    let end = position + bytes.len() as u64;
    match write_runs(file, bytes, position, len)? {
        written if written < end => file.set_len(end),
        _ => Ok(()),
    }
}

/// The same while somebody else may be writing other parts of the file, which reads as zeros from
/// `empty_from` on. The file's length is not set, for what others wrote beyond might be cut off;
/// instead the last byte is written in any case.
pub fn write_beside(file: &File, bytes: &[u8], position: u64, empty_from: u64) -> io::Result<()> {
    let end = position + bytes.len() as u64;
    match write_runs(file, bytes, position, empty_from)? {
        written if written < end => file.write_all_at(&[0], end - 1),
        _ => Ok(()),
    }
}

/// Writes what is not zero of `bytes`, which belong at `position` of a file that reads as zeros
/// from `empty_from` on. Returns the position behind what was written last.
///
/// Costs a look at one byte of each block that does not begin with zeros.
pub fn write_runs(file: &File, bytes: &[u8], position: u64, empty_from: u64) -> io::Result<u64> {
    let end = position + bytes.len() as u64;
    if bytes.len() < SMALL {
        file.write_all_at(bytes, position)?;
        return Ok(end);
    }
    let part = |from: u64, to: u64| {
        bytes.get((from - position) as usize..(to - position) as usize).unwrap_or_default()
    };
    let (mut at, mut begin, mut written) = (position, position, position);
    while at < end {
        let next = ((at / BLOCK + 1) * BLOCK).min(end);
        if at >= empty_from && is_zero(part(at, next)) {
            if begin < at {
                file.write_all_at(part(begin, at), begin)?;
                written = at;
            }
            begin = next;
        }
        at = next;
    }
    if begin < end {
        file.write_all_at(part(begin, end), begin)?;
        written = end;
    }
    Ok(written)
}

/// Whether there is nothing but zeros. Costs a look at one byte of what does not begin with zeros.
#[inline]
pub fn is_zero(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0) && goes_on_with_zeros(bytes)
}

#[inline(never)]
fn goes_on_with_zeros(bytes: &[u8]) -> bool {
    bytes.chunks(ZEROS.len()).all(|it| ZEROS.get(..it.len()) == Some(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn zeros_take_no_disk() {
        let file = tempfile::tempfile().unwrap();
        let mut bytes = vec![0; 10_000_000];
        bytes[5_000_000] = 1;
        for round in 0..10_u64 {
            let position = round * 10_000_000;
            write_at(&file, &bytes, position, position).unwrap();
        }
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.len(), 100_000_000);
        assert!(metadata.blocks() * 512 < 1_000_000, "{} blocks", metadata.blocks());
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            pieces in prop::collection::vec((any::<bool>(), 1_usize..20_000), 1..6),
            before in 0_usize..30_000,
            position in 0_u64..30_000,
        ) {
            let file = tempfile::tempfile().unwrap();
            let mut expected = vec![7; before];
            file.write_all_at(&expected, 0).unwrap();
            let bytes: Vec<u8> = pieces
                .iter()
                .flat_map(|&(is_zero, len)| std::iter::repeat_n(u8::from(!is_zero), len))
                .collect();
            // Files do not end behind what is written.
            prop_assume!(position as usize + bytes.len() >= before);
            write_at(&file, &bytes, position, before as u64).unwrap();
            let end = position as usize + bytes.len();
            expected.resize(end, 0);
            expected[position as usize..].copy_from_slice(&bytes);
            let mut read = vec![9; end];
            file.read_exact_at(&mut read, 0).unwrap();
            prop_assert!(read == expected);
            prop_assert_eq!(file.metadata().unwrap().len(), end as u64);
        }
    }
}
