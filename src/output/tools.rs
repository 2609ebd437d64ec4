//! What it takes to write files, for each thread that does.

use std::sync::Arc;

use super::left::Rereading;
use super::naming::Namer;
use crate::messages::Messages;

/// What a thread needs that writes files.
///
/// Every thread has its own, and files hold none of it: what several threads hold counts, file by
/// file, goes from one processor to the other and back.
#[derive(Debug)]
pub struct Tools {
    /// Gives files their names, and knows their folder.
    pub(super) namer: Arc<Namer>,
    /// Is told what goes wrong.
    pub(super) messages: Messages,
    /// Memory for bytes in pieces while they are written.
    pub(super) scratch: Vec<u8>,
    /// Reads what was left in the capture.
    pub(super) rereading: Rereading,
}

impl Tools {
    /// For files that `namer` gives names.
    pub fn new(namer: Namer, messages: Messages) -> Self {
        Self {
            namer: Arc::new(namer),
            messages,
            scratch: Vec::new(),
            rereading: Rereading::default(),
        }
    }
}

impl Clone for Tools {
    /// For another thread.
    fn clone(&self) -> Self {
        let (namer, messages) = (Arc::clone(&self.namer), self.messages.clone());
        let rereading = Rereading::new(Arc::clone(self.rereading.locality()));
        Self { namer, messages, scratch: Vec::new(), rereading }
    }
}
