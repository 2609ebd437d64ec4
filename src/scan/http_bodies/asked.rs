//! What was requested, until it is answered: a response to HEAD has no body, though it looks as if it
//! had.

use std::collections::BTreeMap;

use crate::flow::Identity;
use crate::scan::http::{Method, RequestMethods};

/// Connections whose requests are remembered at once, at most; then the oldest is forgotten.
const REMEMBERED_CONNECTIONS: usize = 65_536;

/// Requests that are remembered at once, at most, of all connections together.
pub(super) const REMEMBERED_REQUESTS: usize = 16 << 20;

/// What was requested, as far as it is not known yet what came of it.
pub(super) struct Requests {
    /// The connections that may still answer, by session, so that the oldest comes first.
    open: BTreeMap<u64, RequestSide>,
    /// The methods of the requests that a closed flow answers, by the number of that flow. They are
    /// set aside at the moment of closing, because the flow is scanned later, and what the client
    /// says until then must not make a difference.
    closed: BTreeMap<u64, Vec<Method>>,
    /// How many requests `open` and `closed` hold together.
    remembered: usize,
    /// How many they may hold.
    most: usize,
}

/// The request side of a connection, read as it passes.
struct RequestSide {
    flow_number: u64,
    parser: RequestMethods,
    /// The position of the byte that comes next.
    next: u64,
}

impl Requests {
    /// None yet, and never more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { open: BTreeMap::new(), closed: BTreeMap::new(), remembered: 0, most }
    }

    /// Reads what passes of a flow, which may hold requests.
    pub(super) fn payload(&mut self, flow: &Identity, position: u64, payload: &[u8]) {
        let flow_number = flow.connection_number;
        let is_known = |side: &RequestSide| side.flow_number == flow_number;
        if position == 0
            && may_be_request(payload)
            && !self.open.get(&flow.session_id).is_some_and(is_known)
        {
            let side = RequestSide { flow_number, parser: RequestMethods::new(), next: 0 };
            self.remembered -= remember(&mut self.open, flow.session_id, side);
        }
        let Some(side) = self.open.get_mut(&flow.session_id) else { return };
        if !is_known(side) {
            return;
        }
        let repeated = side.next.saturating_sub(position);
        if position > side.next {
            // A hole: from here on it is not known which response answers which request.
            self.remembered -= side.requests();
            self.open.remove(&flow.session_id);
        } else if let Some(new) = payload.get(repeated as usize..) {
            self.remembered -= side.requests();
            side.parser.feed(new);
            side.next += new.len() as u64;
            self.remembered += side.requests();
            self.keep_bound();
        }
    }

    /// Forgets the oldest connections until those left have not too many requests.
    fn keep_bound(&mut self) {
        while self.remembered > self.most {
            let closed = self.closed.pop_first().map(|(_, methods)| methods.requests());
            let forgotten = closed.or_else(|| Some(self.open.pop_first()?.1.requests()));
            let Some(forgotten) = forgotten else { return };
            self.remembered -= forgotten;
        }
    }

    /// The methods of the requests that the flow answers.
    pub(super) fn take(&mut self, flow: &Identity) -> Vec<Method> {
        let methods = self.closed.remove(&flow.connection_number).unwrap_or_default();
        self.remembered -= methods.len();
        methods
    }

    /// The flow will be scanned: sets aside the requests of the other direction.
    pub(super) fn close(&mut self, flow: &Identity) {
        let answers = |side: &RequestSide| side.flow_number != flow.connection_number;
        if self.open.get(&flow.session_id).is_some_and(answers)
            && let Some(side) = self.open.remove(&flow.session_id)
        {
            let methods = side.parser.into_methods();
            self.remembered -= remember(&mut self.closed, flow.connection_number, methods);
        }
    }
}

/// What remembers requests.
trait Remembers {
    /// How many.
    fn requests(&self) -> usize;
}

impl Remembers for RequestSide {
    fn requests(&self) -> usize {
        self.parser.methods().len()
    }
}

impl Remembers for Vec<Method> {
    fn requests(&self) -> usize {
        self.len()
    }
}

/// Adds a connection and returns how many requests were forgotten for it.
fn remember<T: Remembers>(connections: &mut BTreeMap<u64, T>, key: u64, value: T) -> usize {
    let replaced = connections.insert(key, value);
    let oldest = match connections.len() > REMEMBERED_CONNECTIONS {
        true => connections.pop_first().map(|(_, oldest)| oldest),
        false => None,
    };
    [replaced, oldest].iter().flatten().map(Remembers::requests).sum()
}

/// Whether a stream that begins with these bytes may hold requests: methods are upper-case words
/// by custom, and no response must be taken for one.
fn may_be_request(start: &[u8]) -> bool {
    start.first().is_some_and(u8::is_ascii_uppercase) && !start.starts_with(b"HTTP/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One direction of a connection.
    fn flow(connection_number: u64, session_id: u64) -> Identity {
        Identity { connection_number, session_id, ..Identity::sample() }
    }

    #[test]
    fn remembered_requests_are_bounded() {
        const MOST: usize = 100;
        let mut requests = Requests::new(MOST);
        let asked = b"GET / HTTP/1.1\r\n\r\n".repeat(30);
        for session in 0..50 {
            requests.payload(&flow(2 * session, session), 0, &asked);
            // Some of them are answered at once, some later, some have a gap.
            match session % 3 {
                0 => requests.close(&flow(2 * session + 1, session)),
                1 => requests.payload(&flow(2 * session, session), 5000, &asked),
                _ => {}
            }
            let open: usize = requests.open.values().map(Remembers::requests).sum();
            let closed: usize = requests.closed.values().map(Remembers::requests).sum();
            assert_eq!(requests.remembered, open + closed);
            assert!(requests.remembered <= MOST);
        }
        requests.close(&flow(99, 47));
        assert_eq!(requests.take(&flow(99, 47)).len(), 30, "the newest are remembered");
        assert_eq!(requests.take(&flow(1, 0)).len(), 0, "the oldest are not");
    }
}
