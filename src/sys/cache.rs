//! Memory brought near the processor before it is needed.

/// How much memory moves at once.
const LINE: usize = 64;

/// Has the processor fetch a value, all of it, without waiting for it.
#[inline(always)]
pub fn bring_near<T>(value: &T) {
    let mut offset = 0;
    while offset < size_of::<T>() {
        bring_near_at(value, offset);
        offset += LINE;
    }
    // The value may begin within a line.
    bring_near_at(value, size_of::<T>().wrapping_sub(1));
}

/// The same with only what lies so many bytes into the value.
#[inline(always)]
pub fn bring_near_at<T>(value: &T, offset: usize) {
    if offset < size_of::<T>() {
        fetch((&raw const *value).cast::<u8>().wrapping_add(offset));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn fetch(place: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: this is a hint; it changes nothing and cannot fail, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
}

/// Without a hint that is known here, a read that nobody waits for.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn fetch(place: *const u8) {
    // SAFETY: the place lies within a value that somebody has a reference to; what is read may be
    // padding, which this type allows.
    std::hint::black_box(unsafe { place.cast::<std::mem::MaybeUninit<u8>>().read() });
}
