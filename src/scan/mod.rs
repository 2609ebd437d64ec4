//! What is found in the bytes of finished streams.

mod content;
mod hashes;
pub mod http;

pub use content::Content;
pub use hashes::{Hashes, RunningHashes};

/// What scanners found in one flow.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Hashes of the bytes that were stored.
    pub hashes: Option<Hashes>,
}

impl Findings {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_none()
    }
}

