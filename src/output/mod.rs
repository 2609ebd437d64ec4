//! What becomes of the streams' bytes: files, console, packet files.

mod console;
mod create;
mod flow_files;
mod lru;
mod naming;
mod packet_files;
mod pending;
mod scratch;
mod semaphore;
mod store;
pub mod template;
mod unprocessed;

pub use console::Console;
pub use flow_files::{FlowFile, FlowFileOptions, FlowFiles, MakeFiles};
pub use naming::Namer;
pub use packet_files::PacketFiles;
pub use scratch::ScratchStreams;
pub use semaphore::Semaphore;
pub use store::{ClosedFile, FileId, FileStore, Limits};
pub use unprocessed::UnprocessedPackets;
