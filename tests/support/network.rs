//! A cable between two network namespaces, which only root can lay.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use super::sandbox::{is_root, skip};

/// Counts the cables of this process, which must not share names.
static LAID: AtomicU32 = AtomicU32::new(0);

/// Two network namespaces, joined by a cable whose ends are the devices `left` (192.0.2.1) and
/// `right` (192.0.2.2); gone at the end of the test.
pub(crate) struct Cable {
    /// The namespace of the left end.
    pub(crate) left: String,
    /// The namespace of the right end.
    pub(crate) right: String,
}

impl Cable {
    /// Lays one; where that is not possible, says that `test` is skipped.
    pub(crate) fn lay(test: &str) -> Option<Self> {
        if !is_root() {
            skip(test, "only root may make network namespaces");
            return None;
        }
        let id = format!("{}-{}", std::process::id(), LAID.fetch_add(1, Ordering::Relaxed));
        let cable = Self { left: format!("tcpflow-l{id}"), right: format!("tcpflow-r{id}") };
        let Self { left, right } = &cable;
        let laid = [
            format!("netns add {left}"),
            format!("netns add {right}"),
            format!("-n {left} link add left type veth peer name right netns {right}"),
            format!("-n {left} address add 192.0.2.1/24 dev left"),
            format!("-n {right} address add 192.0.2.2/24 dev right"),
            format!("-n {left} link set left up"),
            format!("-n {right} link set right up"),
        ]
        .iter()
        .all(|words| ip(words));
        if !laid {
            skip(test, "ip(8) cannot make namespaces joined by veth here");
        }
        laid.then_some(cable)
    }

    /// A connection from left to right.
    pub(crate) fn connect(&self, port: u16) -> (TcpStream, TcpStream) {
        let listener = inside(&self.right, move || TcpListener::bind(("192.0.2.2", port)).unwrap());
        let left = inside(&self.left, move || TcpStream::connect(("192.0.2.2", port)).unwrap());
        let (right, _) = listener.accept().unwrap();
        (left, right)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        ip(&format!("netns delete {}", self.left));
        ip(&format!("netns delete {}", self.right));
    }
}

/// Runs `ip(8)` with these words; whether it worked.
pub(crate) fn ip(words: &str) -> bool {
    let output = Command::new("ip").args(words.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

/// Runs something in a network namespace, on a thread that ends with it.
pub(crate) fn inside<T: Send + 'static>(
    namespace: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let handle = std::fs::File::open(format!("/run/netns/{namespace}")).unwrap();
    let work = move || {
        nix::sched::setns(handle, nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        work()
    };
    thread::spawn(work).join().unwrap()
}
