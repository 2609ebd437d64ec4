//! What becomes of the streams' bytes: files, console, packet files.
//!
//! The way of a payload to its flow's file begins in `flow_files` and is chosen in
//! `store::placing`. All but the writing is done by the packet loop; the thread that writes is named
//! on the right, and the packet loop does some of its work when that has too much to do.
//!
//! ```text
//!  small flows    blocks of a window        (chain, blocks)  -- flow closes --> jobs, finish   "files"
//!                   |  or, if memory is scarce, where it stands in the capture  (left, store::leaving)
//!                   |                                        -- no memory ----> write_behind   "writer"
//!                   v  beyond 32 KB
//!  large flows    pieces of the capture's buffer     (lent)  -- buffer read --> write_behind   "writer"
//!                   ^
//!                   v  if few of them come with each buffer, or hashes are wanted
//!                 a window in one piece, 256 KB   (pending)  -- full ---------> write_behind   "writer"
//! ```
//!
//! Bytes that arrive late overwrite those of the window, or of a piece; those that lie before the
//! window are written past it. Bytes that arrive again are compared with those that are there,
//! wherever they are (`store::repeats`).
//!
//! Whatever way bytes took, a file is complete when nothing of it is on the way (`store::writing`
//! settles that), and `finish` then needs nothing of the store.

mod blocks;
mod chain;
mod console;
mod create;
mod finish;
mod finisher;
mod flow_files;
mod folder;
mod jobs;
mod left;
mod lent;
mod lru;
mod moving;
mod naming;
mod outcomes;
mod packet_files;
mod pending;
mod scratch;
mod semaphore;
mod store;
mod stored_file;
pub mod template;
#[cfg(test)]
mod tests;
mod tools;
mod unprocessed;
mod write_behind;

pub use console::Console;
pub use finish::ClosedFile;
pub use finisher::{Finisher, Inspect, Pace};
pub use flow_files::{Finishing, FlowFileOptions, FlowFiles, MakeFiles};
pub use folder::{FILE_MODE, Opening, OutputFolder};
pub use naming::Namer;
pub use outcomes::{Outcome, Ticket};
pub use packet_files::PacketFiles;
pub use scratch::ScratchStreams;
pub use semaphore::Semaphore;
pub use store::{FileId, FileStore, Limits};
pub use stored_file::{REMOVED, StoredFile, is_removed};
pub use tools::Tools;
pub use unprocessed::UnprocessedPackets;
