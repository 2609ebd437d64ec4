//! Moves a file's bytes up, to make room before its beginning, and down, to give it back.
//!
//! Holes are neither read nor written: a capture can ask for megabytes of room with every packet
//! of a few bytes, and must not get as many bytes written again each time.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek};

use crate::sparse;

/// How much is moved at a time.
const CHUNK: u64 = 1024 * 1024;

/// Moves the first `len` bytes of a file up by `distance` and puts zeros in the new space. Returns
/// its new length.
pub(super) fn move_bytes_up(file: &File, len: u64, distance: u64) -> io::Result<u64> {
    let ranges = data_ranges(file, len);
    let longest = ranges.iter().map(|data| data.end - data.start).max().unwrap_or(0);
    let mut buffer = vec![0; CHUNK.min(longest) as usize];
    // From the end on, so that nothing is overwritten before it was moved.
    for data in ranges.into_iter().rev() {
        move_range(file, &data, distance, &mut buffer)?;
        clear(file, data.start..data.end.min(data.start + distance))?;
    }
    let new_len = len + distance;
    file.set_len(new_len)?;
    Ok(new_len)
}

/// Moves what lies behind the first `distance` bytes of a file, which are zeros, to its beginning,
/// and cuts the file off at `limit`. Returns its new length.
pub(super) fn move_bytes_down(
    file: &File,
    len: u64,
    distance: u64,
    limit: Option<u64>,
) -> io::Result<u64> {
    let new_len = len.saturating_sub(distance).min(limit.unwrap_or(u64::MAX));
    if distance > 0 {
        let mut buffer = Vec::new();
        // From the beginning on, so that nothing is overwritten before it was moved.
        for data in data_ranges(file, len) {
            let mut start = data.start.max(distance);
            while start < data.end {
                buffer.resize(CHUNK.min(data.end - start) as usize, 0);
                file.read_exact_at(&mut buffer, start)?;
                let (place, size) = (start - distance, buffer.len() as u64);
                clear(file, place..place + size)?;
                sparse::write_runs(file, &buffer, place, 0)?;
                start += size;
            }
            clear(file, data.end.saturating_sub(distance).max(data.start)..data.end)?;
        }
    }
    file.set_len(new_len)?;
    Ok(new_len)
}

/// Copies a range of data up. What is behind it was moved before.
///
/// Data is known by whole blocks. The zeros at both ends are left out, or else blocks would become
/// more with each move by a distance that is no multiple of their size.
fn move_range(file: &File, data: &Range<u64>, distance: u64, buffer: &mut [u8]) -> io::Result<()> {
    let mut end = data.end;
    while end > data.start {
        let size = (end - data.start).min(buffer.len() as u64);
        let start = end - size;
        let bytes = buffer.get_mut(..size as usize).unwrap_or_default();
        file.read_exact_at(bytes, start)?;
        let mut kept = 0..bytes.len();
        if start == data.start {
            kept.start = bytes.iter().position(|&byte| byte != 0).unwrap_or(kept.end);
        }
        if end == data.end {
            kept.end = bytes.iter().rposition(|&byte| byte != 0).map_or(kept.start, |at| at + 1);
        }
        let place = |at: usize| start + distance + at as u64;
        clear(file, place(0)..place(kept.start).min(data.end))?;
        clear(file, place(kept.end)..place(bytes.len()).min(data.end))?;
        file.write_all_at(bytes.get(kept.clone()).unwrap_or_default(), place(kept.start))?;
        end = start;
    }
    Ok(())
}

/// Where the first `len` bytes of a file hold data; elsewhere they are zero.
fn data_ranges(file: &File, len: u64) -> Vec<Range<u64>> {
    let seek = |from: u64, whence| {
        let from = i64::try_from(from).map_err(|_| Errno::EOVERFLOW)?;
        lseek(file, from, whence).map(i64::unsigned_abs)
    };
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < len {
        let start = match seek(at, Whence::SeekData) {
            Ok(start) => start,
            Err(Errno::ENXIO) => break, // no data up to the end
            Err(_) => at,               // the file system does not know its holes
        };
        let end = seek(start, Whence::SeekHole).unwrap_or(len).clamp(start, len.max(start));
        if start >= len || end == start {
            break;
        }
        ranges.push(start..end);
        at = end;
    }
    ranges
}

/// Makes a range read as zeros; nothing if it is empty.
fn clear(file: &File, mut range: Range<u64>) -> io::Result<()> {
    if range.is_empty() || punch(file, &range) {
        return Ok(());
    }
    let zeros = vec![0; CHUNK.min(range.end - range.start) as usize];
    while range.start < range.end {
        let size = CHUNK.min(range.end - range.start);
        file.write_all_at(zeros.get(..size as usize).unwrap_or(&zeros), range.start)?;
        range.start += size;
    }
    Ok(())
}

/// Makes a hole; whether the file system can.
#[cfg(target_os = "linux")]
fn punch(file: &File, range: &Range<u64>) -> bool {
    use nix::fcntl::{FallocateFlags, fallocate};
    let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    match (i64::try_from(range.start), i64::try_from(range.end - range.start)) {
        (Ok(start), Ok(len)) => fallocate(file, mode, start, len).is_ok(),
        _ => false,
    }
}

#[cfg(not(target_os = "linux"))]
fn punch(_: &File, _: &Range<u64>) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    /// A capture of a few kilobytes made the program write gigabytes again and again.
    #[test]
    fn room_takes_no_space_on_disk() {
        const DISTANCE: u64 = 16_000_000;
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(b"x", 0).unwrap();
        let mut len = 1;
        for _ in 0..200 {
            len = move_bytes_up(&file, len, DISTANCE).unwrap();
            file.write_all_at(b"x", 0).unwrap();
        }
        assert_eq!((len, file.metadata().unwrap().len()), (1 + 200 * DISTANCE, len));
        let allocated = file.metadata().unwrap().blocks() * 512;
        assert!(allocated < 8 << 20, "{allocated} bytes");
        for place in 0..=200 {
            let mut bytes = [9; 2];
            file.read_at(&mut bytes, place * DISTANCE).unwrap();
            assert_eq!(bytes[0], b'x', "{place}");
            assert!(place == 200 || bytes[1] == 0, "{place}");
        }
    }

    #[test]
    fn ranges_are_cleared_with_and_without_holes() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[7; 10_000], 0).unwrap();
        clear(&file, 1..9_999).unwrap();
        let mut bytes = [9; 10_000];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert!(bytes[0] == 7 && bytes[9_999] == 7 && bytes[1..9_999] == [0; 9_998]);
    }

    #[test]
    fn what_is_longer_than_a_chunk_moves_whole() {
        let bytes: Vec<u8> = (0..3 * CHUNK + 123).map(|i| (i / 1000 % 256) as u8).collect();
        for distance in [1, 5000, CHUNK, 5 * CHUNK] {
            let file = tempfile::NamedTempFile::new().unwrap();
            file.as_file().write_all_at(&bytes, 0).unwrap();
            move_bytes_up(file.as_file(), bytes.len() as u64, distance).unwrap();
            let expected = [&vec![0; distance as usize], &bytes[..]].concat();
            assert!(fs::read(file.path()).unwrap() == expected, "{distance}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn agrees_with_bytes_in_memory(
            steps in prop::collection::vec((0_u64..40_000, 1_usize..9_000, 1_u64..20_000), 1..12),
            (lead, limit) in (0_u64..50_000, prop::option::of(1_u64..60_000)),
        ) {
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut model = Vec::new();
            for (position, count, distance) in steps {
                let end = position as usize + count;
                model.resize(model.len().max(end), 0);
                model[position as usize..end].fill(position as u8 | 1);
                file.as_file().write_all_at(&model[position as usize..end], position).unwrap();

                let len = model.len() as u64;
                let moved = move_bytes_up(file.as_file(), len, distance + lead).unwrap();
                prop_assert_eq!(moved, len + distance + lead);
                let moved = move_bytes_down(file.as_file(), moved, lead, limit).unwrap();
                model.splice(0..0, vec![0; distance as usize]);
                model.truncate(limit.map_or(model.len(), |limit| limit as usize));
                prop_assert_eq!(moved, model.len() as u64);
                prop_assert!(fs::read(file.path()).unwrap() == model);
            }
        }
    }
}
