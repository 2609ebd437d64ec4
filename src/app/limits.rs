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
    let available = limit().saturating_sub(RESERVED).clamp(1, ENOUGH) as usize;
    wanted.unwrap_or(available).clamp(1, available)
}

fn limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return FALLBACK };
    let enough = ENOUGH + RESERVED;
    if soft >= enough {
        return soft;
    }
    // Only root may go beyond the hard limit; everybody may go up to it.
    let attempts = [(enough, hard.max(enough)), (hard.min(enough), hard)];
    attempts
        .into_iter()
        .find(|&(soft, hard)| setrlimit(Resource::RLIMIT_NOFILE, soft, hard).is_ok())
        .map_or(soft, |(soft, _)| soft)
}
