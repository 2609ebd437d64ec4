//! Two hosts and a link between them, for captures that have it to themselves.

use std::process::Command;
use std::thread;

use crate::support::sandbox::skip;

/// Two network namespaces, joined by a cable from the device `left` in one to `right` in the other;
/// gone at the end of the test.
pub(crate) struct Cable {
    /// The namespace with the device `left`, 192.0.2.1.
    pub(crate) left: String,
    /// The namespace with the device `right`, 192.0.2.2.
    pub(crate) right: String,
}

impl Cable {
    /// Lays the cable; `None`, with a message, where that is not possible. `name` tells it from
    /// those of other tests that run now.
    pub(crate) fn lay(name: &str) -> Option<Self> {
        let id = format!("{name}{}", std::process::id());
        let cable = Self { left: format!("tcpflow{id}a"), right: format!("tcpflow{id}b") };
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
            skip(name, "ip(8) cannot make namespaces joined by veth here");
        }
        laid.then_some(cable)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        ip(&format!("netns delete {}", self.left));
        ip(&format!("netns delete {}", self.right));
    }
}

fn ip(words: &str) -> bool {
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
