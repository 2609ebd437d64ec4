//! Bounds what a message may spend on everything that is not its body.

/// The most bytes of start line, fields, chunk sizes and the like before something else must come.
pub(super) const HEADER_LIMIT: usize = 80 * 1024;

/// Counts the bytes between one body, or piece of a body, and the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderBudget {
    spent: usize,
}

impl HeaderBudget {
    pub(super) fn spend(&mut self, bytes: usize) {
        self.spent = self.spent.saturating_add(bytes);
    }

    pub(super) fn overdrawn(&self) -> bool {
        self.spent > HEADER_LIMIT
    }

    /// Whether the next byte would overdraw it.
    pub(super) fn exhausted(&self) -> bool {
        self.spent >= HEADER_LIMIT
    }

    /// Skips what comes before the byte that `find` finds, or all of it, but never more than may
    /// be spent: the byte that exceeds the limit must be seen by itself.
    pub(super) fn skip_to(&mut self, input: &mut &[u8], find: impl Fn(&[u8]) -> Option<usize>) {
        let run = find(input).unwrap_or(input.len());
        let run = run.min(HEADER_LIMIT.saturating_sub(self.spent));
        self.spend(run);
        *input = input.split_at(run).1;
    }

    pub(super) fn reset(&mut self) {
        self.spent = 0;
    }
}
