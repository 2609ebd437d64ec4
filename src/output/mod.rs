//! What becomes of the streams' bytes: files, console, packet files.

pub mod template;
