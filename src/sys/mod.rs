//! What no safe crate offers: system calls, memory in large pages, hints to the processor. The only
//! module in which `unsafe` is allowed.
#![allow(unsafe_code)]

pub mod cache;
pub mod memory;
pub mod readiness;

use std::ffi::{CStr, CString, c_char, c_int, c_uchar, c_uint, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::time::{Duration, SystemTime};

use pcap::{Active, BpfProgram, Capture, Inactive};

/// A named POSIX semaphore (`sem_overview(7)`).
#[derive(Debug)]
pub(crate) struct NamedSemaphore(NonNull<libc::sem_t>);

impl NamedSemaphore {
    /// Opens the semaphore `name`; if there is none, makes it with value 1, open to everybody
    /// whom the umask does not exclude.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let name = CString::new(name)?;
        const MODE: libc::c_uint = 0o777;
        const FREE: libc::c_uint = 1;
        // SAFETY: `name` is a C string that outlives the call; with O_CREAT the call takes the two
        // further arguments given.
        let semaphore = unsafe { libc::sem_open(name.as_ptr(), libc::O_CREAT, MODE, FREE) };
        match NonNull::new(semaphore) {
            Some(semaphore) if semaphore.as_ptr() != libc::SEM_FAILED => Ok(Self(semaphore)),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Waits until the value is above 0 and lowers it, but not longer than `patience`, nor beyond
    /// a signal. Tells whether the value was lowered.
    pub(crate) fn wait_for(&self, patience: Duration) -> bool {
        let until = SystemTime::now() + patience;
        let since_epoch = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let until = libc::timespec {
            tv_sec: since_epoch.as_secs() as libc::time_t,
            tv_nsec: since_epoch.subsec_nanos().into(),
        };
        // SAFETY: the pointer came from `sem_open` and is closed only when `self` is dropped;
        // `until` outlives the call.
        unsafe { libc::sem_timedwait(self.0.as_ptr(), &until) == 0 }
    }

    /// Raises the value.
    pub(crate) fn post(&self) {
        // SAFETY: as in `wait_for`.
        unsafe { libc::sem_post(self.0.as_ptr()) };
    }
}

impl Drop for NamedSemaphore {
    fn drop(&mut self) {
        // SAFETY: as in `wait_for`; nobody uses the pointer afterwards.
        unsafe { libc::sem_close(self.0.as_ptr()) };
    }
}

// The `pcap` crate links libpcap; these are the functions of it that the crate does not offer, or
// offers only with something added that is not wanted.
unsafe extern "C" {
    fn bpf_filter(
        instructions: *const c_void,
        packet: *const c_uchar,
        wire_len: c_uint,
        captured_len: c_uint,
    ) -> c_uint;
    fn pcap_activate(capture: *mut c_void) -> c_int;
    fn pcap_geterr(capture: *mut c_void) -> *const c_char;
}

/// Whether a filter accepts a packet of which `data` was captured and that was `wire_len` bytes
/// long.
///
/// The crate's own [`BpfProgram::filter`] takes the captured length for the other one, so that
/// `greater` and `less` come out wrong for packets that were cut.
pub(crate) fn filter_matches(program: &BpfProgram, wire_len: u32, data: &[u8]) -> bool {
    let instructions = program.get_instructions();
    let captured_len = c_uint::try_from(data.len()).unwrap_or(c_uint::MAX);
    if instructions.is_empty() {
        return true;
    }
    // SAFETY: `BpfInstruction` is a transparent wrapper of libpcap's `struct bpf_insn`. The
    // instructions come from `pcap_compile`, which makes only programs that end in a return,
    // jump forward only and within the program; both borrows outlive the call, which keeps
    // neither. Reads of the packet are checked against `captured_len`, which is at most its true
    // length.
    unsafe { bpf_filter(instructions.as_ptr().cast(), data.as_ptr(), wire_len, captured_len) != 0 }
}

/// Starts a live capture; fails with libpcap's words.
///
/// The crate's own `open` takes libpcap's warnings for errors: that promiscuous mode is not
/// supported, for instance, which is so with the device `any`.
pub(crate) fn activate(capture: Capture<Inactive>) -> Result<Capture<Active>, String> {
    let Some(handle) = NonNull::new(capture.as_ptr()) else {
        return Err("libpcap gave no handle".to_owned());
    };
    // SAFETY: the handle is live as long as `capture`, which is here, and was not activated yet.
    if unsafe { pcap_activate(handle.as_ptr().cast()) } < 0 {
        // SAFETY: the handle is still live; what `pcap_geterr` gives is a string inside it, which
        // is copied before the handle is used again.
        let reason = unsafe { CStr::from_ptr(pcap_geterr(handle.as_ptr().cast())) };
        return Err(reason.to_string_lossy().into_owned());
    }
    // From here on the activated capture owns the handle. What is leaked is a few bytes of the
    // crate's bookkeeping, once in a run.
    std::mem::forget(capture);
    Ok(Capture::from(handle))
}

/// A copy of an open descriptor that this process was given, as a file.
pub(crate) fn duplicate_descriptor(number: c_int) -> io::Result<File> {
    // SAFETY: the call takes any number; it fails for one that is not an open descriptor.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and belongs to nobody else.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(copy) }))
}
