//! Memory in large pages.
//!
//! The system hands memory out a page at a time, 4 KB, when each is first touched, and the processor
//! remembers the places of a few thousand pages. A run over many flows touches tens of thousands all
//! over the place. Where the system gives pages of 2 MB only to programs that ask for them, this
//! program asks: for what is large itself, and for a heap that is taken in large pieces.
//!
//! All of that is advice. Where the system does not take it, memory comes in small pages.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;

/// Memory from this size on is asked of the system, without the heap between.
pub const LARGE: usize = 1 << 20;

/// The system's allocator for all that is small, and memory in large pages for what is not.
#[derive(Debug)]
pub struct LargePages;

// SAFETY: whether memory is large depends on its layout alone, so that what one side gave always
// goes back to that side; both keep the promises of an allocator.
unsafe impl GlobalAlloc for LargePages {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match is_large(layout) {
            true => platform::take(layout.size()),
            // SAFETY: the caller's promise is the condition here, too.
            false => unsafe { System.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match is_large(layout) {
            // The system gives zeros.
            true => platform::take(layout.size()),
            // SAFETY: as in `alloc`.
            false => unsafe { System.alloc_zeroed(layout) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that this is a layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: in each case the memory came from where it goes; the new piece of the last case is
        // another one, and both are at least as long as what is copied.
        unsafe {
            match (is_large(layout), is_large(wanted)) {
                (false, false) => System.realloc(memory, layout, size),
                (true, true) => platform::resize(memory, layout.size(), size),
                _ => {
                    let other = self.alloc(wanted);
                    if !other.is_null() {
                        memory.copy_to_nonoverlapping(other, size.min(layout.size()));
                        self.dealloc(memory, layout);
                    }
                    other
                }
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as in `realloc`.
        unsafe {
            match is_large(layout) {
                true => platform::give_back(memory, layout.size()),
                false => System.dealloc(memory, layout),
            }
        }
    }
}

#[inline]
fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= platform::ALIGNMENT
}

/// Has the heap grow to some size at once, in large pages. Memory is taken only as it is used.
pub fn prepare_heap() {
    platform::prepare_heap();
}

/// Has the system provide what memory of this program there is among these addresses, without waiting
/// for it to be used. What is in memory stays.
pub fn make_ready(addresses: Range<usize>) {
    platform::make_ready(addresses);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod platform {
    use std::ffi::{c_int, c_void};
    use std::ops::Range;
    use std::ptr::{null_mut, without_provenance_mut};

    use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

    use super::LARGE;

    /// What the system aligns memory to: a small page.
    pub(super) const ALIGNMENT: usize = 4096;

    /// The heap is made large in pieces of this size, nearly the most that it gives.
    const PIECE: usize = 31 << 20;

    /// How many of them: enough for the buffers of streams. Beyond it grows as ever.
    const PIECES: usize = 9;

    #[cold]
    pub(super) fn take(size: usize) -> *mut u8 {
        let (rights, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new piece of memory, wherever the system likes.
        let memory = unsafe { libc::mmap(null_mut(), size, rights, kind, -1, 0) };
        if memory != libc::MAP_FAILED {
            advise(memory, size);
        }
        or_null(memory)
    }

    /// # Safety
    ///
    /// The memory was [taken](take) in the size that it has.
    #[cold]
    pub(super) unsafe fn resize(memory: *mut u8, size: usize, wanted: usize) -> *mut u8 {
        // SAFETY: the memory is ours, and the caller gives it up unless this fails. The advice stays
        // with it.
        or_null(unsafe { libc::mremap(memory.cast(), size, wanted, libc::MREMAP_MAYMOVE) })
    }

    /// # Safety
    ///
    /// The memory was [taken](take) in this size, and nobody uses it any more.
    #[cold]
    pub(super) unsafe fn give_back(memory: *mut u8, size: usize) {
        // SAFETY: the memory is ours.
        unsafe { libc::munmap(memory.cast(), size) };
    }

    fn or_null(memory: *mut c_void) -> *mut u8 {
        if memory == libc::MAP_FAILED { null_mut() } else { memory.cast() }
    }

    /// Asks for large pages from `memory` on.
    fn advise(memory: *mut c_void, size: usize) {
        // SAFETY: this advice changes neither what is in memory nor whose it is.
        unsafe { libc::madvise(memory, size, libc::MADV_HUGEPAGE) };
    }

    pub(super) fn make_ready(Range { start, end }: Range<usize>) {
        let start = start.next_multiple_of(ALIGNMENT);
        let place = without_provenance_mut::<c_void>(start);
        // SAFETY: to read a page and write the same back is all that this advice does to memory that
        // is there; where there is none it does nothing.
        unsafe { libc::madvise(place, end.saturating_sub(start), libc::MADV_POPULATE_WRITE) };
    }

    /// By asking for it, and giving it back untouched.
    pub(super) fn prepare_heap() {
        // Nobody should miss what is not used.
        if is_limited(Resource::RLIMIT_AS) || is_limited(Resource::RLIMIT_DATA) {
            return;
        }
        set(libc::M_TRIM_THRESHOLD, usize::MAX);
        set(libc::M_MMAP_THRESHOLD, PIECE + ALIGNMENT);
        // SAFETY: the pieces are not used, and given back once; the allocator takes null, too.
        let pieces = [(); PIECES].map(|()| unsafe { libc::malloc(PIECE) });
        for piece in pieces.into_iter().filter(|piece| !piece.is_null()) {
            let start = piece.addr().next_multiple_of(ALIGNMENT);
            advise(without_provenance_mut(start), piece.addr() + PIECE - start);
        }
        for piece in pieces {
            // SAFETY: as above.
            unsafe { libc::free(piece) };
        }
        set(libc::M_MMAP_THRESHOLD, LARGE);
    }

    fn is_limited(what: Resource) -> bool {
        getrlimit(what).is_ok_and(|(soft, _)| soft != RLIM_INFINITY)
    }

    /// Sets how the allocator shares memory out (`mallopt(3)`).
    fn set(what: c_int, bytes: usize) {
        let bytes = c_int::try_from(bytes).unwrap_or(c_int::MAX);
        // SAFETY: the call takes any two numbers; what it refuses it does not change.
        unsafe { libc::mallopt(what, bytes) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod platform {
    //! Everything is small.
    use std::ptr::null_mut;

    pub(super) const ALIGNMENT: usize = 0;

    pub(super) fn take(_: usize) -> *mut u8 {
        null_mut()
    }

    pub(super) unsafe fn resize(_: *mut u8, _: usize, _: usize) -> *mut u8 {
        null_mut()
    }

    pub(super) unsafe fn give_back(_: *mut u8, _: usize) {}

    pub(super) fn prepare_heap() {}

    pub(super) fn make_ready(_: std::ops::Range<usize>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_when_memory_becomes_large_and_small_again() {
        let layout = |size| Layout::from_size_align(size, 8).unwrap();
        let sizes = [100, LARGE, 3 * LARGE + 1, LARGE + 5000, LARGE - 1, 64];
        // SAFETY: each piece has the layout that is told, and is used within it.
        unsafe {
            let mut memory = LargePages.alloc(layout(sizes[0]));
            for place in 0..sizes[0] {
                memory.add(place).write(place as u8);
            }
            for pair in sizes.windows(2) {
                memory = LargePages.realloc(memory, layout(pair[0]), pair[1]);
                assert!(!memory.is_null());
                for place in 0..64 {
                    assert_eq!(memory.add(place).read(), place as u8);
                }
                memory.add(pair[1] - 1).write(63);
            }
            LargePages.dealloc(memory, layout(64));
        }
    }

    #[test]
    fn what_is_asked_for_with_zeros_has_them() {
        let layout = Layout::from_size_align(2 * LARGE, 64).unwrap();
        // SAFETY: as above.
        unsafe {
            let memory = LargePages.alloc_zeroed(layout);
            assert!((0..2 * LARGE).step_by(1000).all(|place| memory.add(place).read() == 0));
            LargePages.dealloc(memory, layout);
        }
    }

    #[test]
    fn more_than_there_is_gives_nothing() {
        let layout = Layout::from_size_align(1 << 60, 8).unwrap();
        // SAFETY: nothing is used.
        assert!(unsafe { LargePages.alloc(layout) }.is_null());
    }
}
