//! The scanner `http`: the bodies of HTTP responses, each in a file beside its flow's.

mod asked;
mod files;

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::asked::{REMEMBERED_REQUESTS, Requests};
use self::files::{BodyFiles, LISTED_BODIES};
use super::http::{Options, Scanner as Responses};
use super::{Findings, FinishedFlow, FlowScanner};
use crate::flow::Identity;
use crate::hooks::{AlertDescriptor, Children};
use crate::messages::Messages;
use crate::output::OutputFolder;

/// Whom to tell of bodies.
#[derive(Clone, Debug, Default)]
pub struct HttpHooks {
    /// A command to run on each body, and how to run it.
    pub command: Option<(String, Children)>,
    /// A descriptor that hears of bodies being opened and closed.
    pub alert: Option<AlertDescriptor>,
}

/// Finds the bodies of all flows.
pub struct HttpBodies {
    options: Options,
    folder: OutputFolder,
    hooks: HttpHooks,
    messages: Messages,
    requests: Mutex<Requests>,
}

impl HttpBodies {
    /// Treats bodies of flows whose files are in `folder` as `options` say, and tells `hooks` of
    /// them.
    pub fn new(
        options: Options,
        folder: OutputFolder,
        hooks: HttpHooks,
        messages: Messages,
    ) -> Self {
        let requests = Mutex::new(Requests::new(REMEMBERED_REQUESTS));
        Self { options, folder, hooks, messages, requests }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        // Each connection's requests stand for themselves; those of one may be lost.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FlowScanner for HttpBodies {
    /// Notes what is requested: a response to HEAD has no body, though it looks as if it had.
    fn payload(&self, flow: &Identity, position: u64, payload: &[u8]) {
        self.requests().payload(flow, position, payload);
    }

    fn closed(&self, flow: &Identity) {
        self.requests().close(flow);
    }

    fn flow(&self, flow: &mut FinishedFlow<'_>, findings: &mut Findings) -> io::Result<()> {
        let methods = self.requests().take(flow.identity);
        let Some(path) = flow.path else { return Ok(()) };
        let mut responses = Responses::new(self.options);
        responses.add_requests(&methods);
        let mut files = BodyFiles {
            flow: path,
            folder: &self.folder,
            flow_time: flow.identity.first_time.to_system_time(),
            hooks: &self.hooks,
            messages: &self.messages,
            open: None,
            bodies: Vec::new(),
            unlisted: 0,
        };
        flow.content.for_each_chunk(|chunk| responses.feed(chunk, &mut files))?;
        let is_http = responses.is_http();
        responses.finish(&mut files);
        if files.unlisted > 0 {
            let (path, unlisted) = (path.display(), files.unlisted);
            self.messages.warning(format_args!(
                "{path}: the report lists {LISTED_BODIES} bodies and leaves out {unlisted}"
            ));
        }
        findings.bodies = is_http.then_some(files.bodies);
        Ok(())
    }
}
