//! Windows on streams of all kinds, held by others or not.

use super::*;

/// Gives one byte a call, with an interruption before each.
struct Dripping(Vec<u8>, bool);

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(ErrorKind::Interrupted.into());
        }
        match self.0.is_empty() {
            true => Ok(0),
            false => {
                buffer[0] = self.0.remove(0);
                Ok(1)
            }
        }
    }
}

#[test]
fn short_reads_and_interruptions_are_invisible() {
    let mut window = Window::new(Dripping((0..10).collect(), false), 3);
    assert_eq!(window.fill(4).unwrap(), Fill::Enough);
    assert_eq!(window.lend(4, 1..3), [1, 2]);
    assert_eq!(window.fill(6).unwrap(), Fill::Enough);
    assert_eq!(window.filled(), [4, 5, 6, 7, 8, 9]);
    window.consume(4);
    assert_eq!(window.fill(3).unwrap(), Fill::Short(2));
    assert_eq!(window.filled(), [8, 9]);
}

#[test]
fn a_false_length_does_not_allocate() {
    let mut window = Window::new(&[1u8; 100][..], 16);
    assert_eq!(window.fill(1 << 40).unwrap(), Fill::Short(100));
    assert!(window.buffer.bytes().len() <= 200);
}

#[test]
fn bytes_that_others_hold_stay() {
    let bytes: Vec<u8> = (0..100).collect();
    let mut window = Window::new(&bytes[..], 8);
    let mut held = Vec::new();
    for round in 0..12_u8 {
        assert_eq!(window.fill(8).unwrap(), Fill::Enough);
        let front = round * 7;
        assert_eq!(window.filled()[..8], *(front..front + 8).collect::<Vec<_>>());
        let chunk = window.chunk().clone();
        let range = chunk.range_of(window.filled()).unwrap();
        held.push((chunk, range, front));
        window.consume(7);
        if round == 5 {
            held.clear();
        }
    }
    for (chunk, range, front) in held {
        assert_eq!(chunk.bytes()[range][0], front);
    }
}

#[test]
fn what_nobody_holds_for_a_while_has_a_small_buffer() {
    let bytes: Vec<u8> = (0..=250).cycle().take(12 * HELD_LEN).collect();
    let mut window = Window::new(&bytes[..], 8);
    window.fill(8).unwrap();
    let held = window.chunk().clone();
    window.consume(5);
    window.fill(8).unwrap();
    drop(held);
    let (mut position, mut lengths) = (5, Vec::new());
    for _ in 0..PATIENCE + 1 {
        lengths.push(window.chunk().bytes().len());
        assert!(bytes[position..].starts_with(window.filled()), "at {position}");
        let passed = window.filled().len() - 3;
        window.consume(passed);
        position += passed;
        assert_eq!(window.fill(8).unwrap(), Fill::Enough);
    }
    let (last, before) = lengths.split_last().unwrap();
    assert!(before.iter().all(|&len| len == HELD_LEN), "{lengths:?}");
    assert_eq!(*last, 8);
}

#[test]
fn what_others_hold_half_of_the_time_is_read_in_larger_pieces() {
    let mut window = Window::new(io::repeat(7), 8);
    let mut lengths = Vec::new();
    for round in 0..80 {
        let held = (round % 2 == 0 && round < 60).then(|| window.chunk().clone());
        window.consume(usize::MAX);
        assert_eq!(window.fill(8).unwrap(), Fill::Enough);
        drop(held);
        lengths.push(window.chunk().bytes().len());
    }
    assert_eq!(lengths[..28], [HELD_LEN; 28]);
    assert_eq!(lengths[32..60], [2 * HELD_LEN; 28]);
    assert_eq!(*lengths.last().unwrap(), 8);
}

/// Those held seldom after those held often would each have needed a new buffer.
#[test]
fn larger_buffers_are_used_again_though_fewer_are_held() {
    let mut window = Window::new(io::repeat(7), 8);
    for round in 0..120 {
        let every = if round < 40 { 1 } else { 5 };
        let held = (round % every == 0).then(|| window.chunk().clone());
        window.consume(usize::MAX);
        assert_eq!(window.fill(8).unwrap(), Fill::Enough);
        drop(held);
    }
    assert_eq!(window.chunk().bytes().len(), 2 * HELD_LEN);
    assert_eq!(window.others.len(), 1);
}

/// Each large record would have needed a new buffer, and the old ones were kept.
#[test]
fn a_buffer_that_has_grown_for_a_record_stays() {
    let mut window = Window::new(io::repeat(7), 8);
    for _ in 0..PATIENCE + 2 {
        assert_eq!(window.fill(2 * HELD_LEN).unwrap(), Fill::Enough);
        assert_eq!((window.chunk().bytes().len(), window.others.len()), (2 * HELD_LEN, 0));
        window.consume(usize::MAX);
    }
}

#[test]
fn taking_what_is_not_there_gives_nothing() {
    let mut window = Window::new(&[1u8, 2, 3][..], 16);
    window.fill(3).unwrap();
    assert_eq!(window.lend(9, 2..5), []);
    assert_eq!(window.filled(), []);
}
