//! The line in which files with bytes in memory wait to be looked at when memory is scarce.
//!
//! An order of last use would cost every payload a look at two other files. Instead files stand in
//! line, each once, and are looked at in turns: whose window is large, or has not grown since the
//! last look, is written; the others go to the end of the line. A file that has been written or
//! closed stays in line until its turn.

use std::collections::VecDeque;

/// The numbers of files, in line.
#[derive(Debug, Default)]
pub(super) struct Line {
    numbers: VecDeque<u32>,
    /// Which numbers are in line.
    stands: Vec<bool>,
}

impl Line {
    /// How many stand in line.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Puts `number` at the end of the line, if it is not in line.
    pub(super) fn join(&mut self, number: u32) {
        let place = number as usize;
        if self.stands.len() <= place {
            self.stands.resize(place + 1, false);
        }
        if !std::mem::replace(&mut self.stands[place], true) {
            self.numbers.push_back(number);
        }
    }

    /// Takes the first out of the line.
    pub(super) fn next(&mut self) -> Option<u32> {
        let number = self.numbers.pop_front()?;
        self.stands[number as usize] = false;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_stands_in_line_twice() {
        let mut line = Line::default();
        for number in [5, 2, 5, 0] {
            line.join(number);
        }
        assert_eq!(line.next(), Some(5));
        line.join(5);
        let rest: Vec<_> = std::iter::from_fn(|| line.next()).collect();
        assert_eq!(rest, [2, 0, 5]);
        assert_eq!(line.len(), 0);
    }
}
