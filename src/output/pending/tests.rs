//! Windows against what they must hold.

use super::*;
use proptest::prelude::*;

/// As a store does it, without blocks to begin with.
fn put(pending: &mut PendingBytes, position: u64, data: &[u8], written: u64) -> Placed {
    pending.put(position, data, written, &mut SpareBlocks::default())
}

fn bytes(pending: &mut PendingBytes) -> &[u8] {
    pending.make_whole(&mut SpareBlocks::default());
    pending.whole()
}

#[test]
fn bytes_in_order_gather() {
    let mut pending = PendingBytes::default();
    assert_eq!(put(&mut pending, 100, b"ab", 100), Placed::Inside);
    assert_eq!(put(&mut pending, 102, b"cd", 100), Placed::Inside);
    assert_eq!((pending.start(), bytes(&mut pending)), (100, &b"abcd"[..]));
    pending.clear();
    assert_eq!(put(&mut pending, 104, b"e", 104), Placed::Inside);
    assert_eq!((pending.start(), bytes(&mut pending)), (104, &b"e"[..]));
}

#[test]
fn zeros_never_cover_bytes_that_the_file_holds() {
    let mut pending = PendingBytes::default();
    put(&mut pending, 0, b"ab", 50);
    assert_eq!(put(&mut pending, 10, b"c", 50), Placed::Apart);
    assert_eq!(put(&mut pending, 10, b"c", 2), Placed::Inside);
    assert_eq!(bytes(&mut pending), b"ab\0\0\0\0\0\0\0\0c");
}

#[test]
fn distant_bytes_stay_apart() {
    let mut pending = PendingBytes::default();
    put(&mut pending, 1_000_000, b"ab", 0);
    assert_eq!(put(&mut pending, 10, b"c", 0), Placed::Before);
    assert_eq!(put(&mut pending, 999_999, b"cc", 0), Placed::Apart);
    assert_eq!(put(&mut pending, 2_000_000, b"c", 0), Placed::Apart);
}

#[test]
fn moving_up_leaves_zeros() {
    for distance in [1, 3, 5] {
        let mut pending = PendingBytes::default();
        put(&mut pending, 0, b"abc", 0);
        pending.move_up(distance, &mut SpareBlocks::default());
        assert_eq!(bytes(&mut pending), [&vec![0; distance][..], b"abc"].concat());
    }
}

proptest! {
    #[test]
    fn later_bytes_overwrite_earlier_ones(
        puts in prop::collection::vec((0_u64..40, prop::collection::vec(any::<u8>(), 1..9)), 1..20)
    ) {
        let mut pending = PendingBytes::default();
        put(&mut pending, 0, b"x", 0);
        let mut model = b"x".to_vec();
        for (position, data) in puts {
            let end = position as usize + data.len();
            if model.len() < end {
                model.resize(end, 0);
            }
            model[position as usize..end].copy_from_slice(&data);
            prop_assert_eq!(put(&mut pending, position, &data, 0), Placed::Inside);
        }
        prop_assert_eq!(bytes(&mut pending), &model[..]);
    }
}
