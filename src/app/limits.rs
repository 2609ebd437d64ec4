//! How many files may be open at once.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors for everything that is no flow file: standard streams, inputs, the report, hooks.
const RESERVED: u64 = 24;

/// More open files than this gain nothing and cost kernel memory.
const ENOUGH: u64 = 60_000;

/// What is assumed when the system does not tell.
const FALLBACK: u64 = 256;

/// Raises the process's limit as far as it may go, and returns how many flow files may be open:
/// at most `wanted`, at least one. A store that runs out of descriptors all the same closes some.
pub(super) fn descriptors(wanted: Option<usize>) -> usize {
    let limit = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) => {
            let raised = hard.min(ENOUGH + RESERVED);
            if raised > soft && setrlimit(Resource::RLIMIT_NOFILE, raised, hard).is_ok() {
                raised
            } else {
                soft
            }
        }
        Err(_) => FALLBACK,
    };
    let available = limit.saturating_sub(RESERVED).clamp(1, ENOUGH) as usize;
    wanted.unwrap_or(available).clamp(1, available)
}
