//! System calls that no safe crate offers. The only module in which `unsafe` is allowed.
