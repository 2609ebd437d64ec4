//! What the tests with hostile captures share.

pub(crate) mod mutation;
pub(crate) mod random;
pub(crate) mod run;
