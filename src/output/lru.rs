//! An order of use: which of many numbered things was used least recently.
//!
//! A list linked through a vector of neighbours. Things have small numbers already, so no hashing
//! is needed, and touching the thing at the front is one comparison.

const NONE: u32 = u32::MAX;

/// Numbers in the order of their last use.
#[derive(Debug)]
pub(super) struct UseOrder {
    links: Vec<Option<Link>>,
    newest: u32,
    oldest: u32,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    newer: u32,
    older: u32,
}

impl Default for UseOrder {
    fn default() -> Self {
        Self { links: Vec::new(), newest: NONE, oldest: NONE, len: 0 }
    }
}

impl UseOrder {
    /// How many numbers are in the order.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The number used least recently.
    pub(super) fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    /// Makes `number` the one used last, adding it if need be.
    pub(super) fn touch(&mut self, number: u32) {
        if self.newest == number {
            return;
        }
        self.remove(number);
        if self.links.len() <= number as usize {
            self.links.resize(number as usize + 1, None);
        }
        self.links[number as usize] = Some(Link { newer: NONE, older: self.newest });
        match self.link_mut(self.newest) {
            Some(link) => link.newer = number,
            None => self.oldest = number,
        }
        self.newest = number;
        self.len += 1;
    }

    /// Takes `number` out; does nothing if it is not in.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(Link { newer, older }) =
            self.links.get_mut(number as usize).and_then(Option::take)
        else {
            return;
        };
        match self.link_mut(newer) {
            Some(link) => link.older = older,
            None => self.newest = older,
        }
        match self.link_mut(older) {
            Some(link) => link.newer = newer,
            None => self.oldest = newer,
        }
        self.len -= 1;
    }

    fn link_mut(&mut self, number: u32) -> Option<&mut Link> {
        self.links.get_mut(number as usize)?.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_plain_list(steps in prop::collection::vec((0_u32..8, any::<bool>()), 0..80)) {
            let mut order = UseOrder::default();
            let mut model: Vec<u32> = Vec::new();
            for (number, touch) in steps {
                model.retain(|&other| other != number);
                if touch {
                    model.push(number);
                    order.touch(number);
                } else {
                    order.remove(number);
                }
                prop_assert_eq!(order.oldest(), model.first().copied());
                prop_assert_eq!(order.len(), model.len());
            }
            while let Some(oldest) = order.oldest() {
                prop_assert_eq!(oldest, model.remove(0));
                order.remove(oldest);
            }
            prop_assert!(model.is_empty());
        }
    }
}
