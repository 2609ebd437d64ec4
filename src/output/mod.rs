//! What becomes of the streams' bytes: files, console, packet files.

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
