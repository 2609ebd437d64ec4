//! What was left in captures, against what stands there.

use std::os::unix::fs::FileExt;

use proptest::prelude::*;

use super::*;
use crate::output::blocks::SpareBlocks;

fn capture(bytes: &[u8]) -> Arc<File> {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(bytes, 0).unwrap();
    Arc::new(file)
}

fn chain(kept: &[u8], payloads: &[(u64, usize)]) -> Chain {
    let mut chain = Chain::default();
    chain.append(kept, &mut SpareBlocks::default());
    for &(position, len) in payloads {
        chain.leave(Reference::new(position, len).unwrap(), &mut SpareBlocks::default());
    }
    chain
}

#[test]
fn what_is_too_far_or_too_long_cannot_be_left() {
    assert_eq!(Reference::new(0, 0), None);
    assert_eq!(Reference::new(0, 65_536), None);
    assert_eq!(Reference::new(1 << 48, 1), None);
    let last = Reference::new((1 << 48) - 1, 65_535).unwrap();
    assert_eq!((last.position(), last.len()), ((1 << 48) - 1, 65_535));
    assert_eq!(Reference::from_bytes(last.to_bytes()), last);
}

#[test]
fn turns_are_read_together_and_what_is_scattered_is_noticed() {
    let capture = capture(&vec![7; 4 << 20]);
    let locality = Arc::new(Locality::default());
    let mut rereading = Rereading::new(Arc::clone(&locality));
    let turns = |window: u64| {
        let payloads = (0..10).map(|turn| (turn * 100_000 + window * 400, 300));
        chain(&[], &payloads.collect::<Vec<_>>())
    };
    let chains: Vec<_> = (0..32).map(turns).collect();
    let left = |chain| Left { chain, capture: &capture };
    rereading.read_ahead(chains.iter().map(left));
    assert_eq!(locality.reads.load(Ordering::Relaxed), 10);
    for chain in &chains {
        let mut bytes = Vec::new();
        rereading.gather(left(chain), &mut bytes).unwrap();
        assert_eq!(bytes, [7; 3000]);
    }
    assert_eq!(locality.reads.load(Ordering::Relaxed), 10, "everything was here");
    assert!(!locality.is_poor());
    let scattered: Vec<_> = (0..2000).map(|n| (n * 2000, 10)).collect();
    rereading.read_ahead(std::iter::once(left(&chain(&[], &scattered))));
    assert!(locality.is_poor());
    locality.reset();
    assert!(!locality.is_poor());
}

#[test]
fn captures_are_told_apart() {
    let (one, other) = (capture(&[1; 100]), capture(&[2; 100]));
    let chain = chain(&[], &[(10, 50)]);
    let mut rereading = Rereading::default();
    for (capture, byte) in [(&one, 1), (&other, 2), (&one, 1)] {
        let mut bytes = Vec::new();
        rereading.gather(Left { chain: &chain, capture }, &mut bytes).unwrap();
        assert_eq!(bytes, [byte; 50]);
    }
    // Of two at once only one is read ahead.
    let both = [&one, &other].map(|capture| Left { chain: &chain, capture });
    rereading.read_ahead(both.into_iter());
    for (left, byte) in both.into_iter().zip([1, 2]) {
        let mut bytes = Vec::new();
        rereading.gather(left, &mut bytes).unwrap();
        assert_eq!(bytes, [byte; 50]);
    }
}

#[test]
fn a_capture_that_became_shorter_is_an_error() {
    let capture = capture(&[1; 100]);
    let chain = chain(&[], &[(10, 91)]);
    let left = Left { chain: &chain, capture: &capture };
    let mut rereading = Rereading::default();
    rereading.read_ahead(std::iter::once(left));
    let error = rereading.gather(left, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.ends_with("it was cut short while it was being read"), "{error}");
}

proptest! {
    #[test]
    fn what_was_left_is_gathered(
        windows in prop::collection::vec(
            (
                prop::collection::vec(any::<u8>(), 0..1500),
                prop::collection::vec((0_u64..900_000, 1_usize..9000), 1..150),
            ),
            1..9,
        ),
        ahead in any::<bool>(),
    ) {
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 253) as u8).collect();
        let capture = capture(&bytes);
        let chains: Vec<_> = windows.iter().map(|(kept, left)| chain(kept, left)).collect();
        let mut rereading = Rereading::default();
        if ahead {
            rereading.read_ahead(chains.iter().map(|chain| Left { chain, capture: &capture }));
        }
        for (chain, (kept, payloads)) in chains.iter().zip(&windows) {
            let mut expected = [b"before", &kept[..]].concat();
            for &(position, len) in payloads {
                expected.extend_from_slice(&bytes[position as usize..][..len]);
            }
            let mut gathered = b"before".to_vec();
            rereading.gather(Left { chain, capture: &capture }, &mut gathered).unwrap();
            prop_assert!(gathered == expected);
            prop_assert_eq!(chain.len() + 6, expected.len());
            prop_assert_eq!(chain.left_len(), chain.len() - kept.len());
            prop_assert!(chain.memory() >= kept.len() + payloads.len() * Reference::SIZE);
            let first = payloads.first().and_then(|&(at, len)| Reference::new(at, len));
            prop_assert_eq!(chain.first_reference(), first);
        }
    }
}
