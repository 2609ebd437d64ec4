//! Far fewer descriptors than files lose nothing.

use std::fs;
use std::process::Command;

use crate::support::captures::{ETHERNET, Pcap, frames};
use crate::support::packets::{Connection, Side, ethernet};
use crate::support::sandbox::{Sandbox, is_root, skip};

/// What to put before the program so that it cannot raise its limits: root could.
fn without_power() -> Option<&'static str> {
    const SETPRIV: &str = "setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource";
    if !is_root() {
        return Some("");
    }
    let there = Command::new("setpriv").arg("--version").output();
    there.is_ok_and(|output| output.status.success()).then_some(SETPRIV)
}

/// A hundred flows in turns, three times round; of HTTP, so that there is a body to each.
fn capture(sandbox: &Sandbox) {
    let flows: Vec<_> = (0..100)
        .map(|number| Connection::between("10.0.0.2:80", &format!("10.0.0.1:{}", 1000 + number)))
        .map(|flow| {
            flow.says(
                Side::Client,
                b"HTTP/1.1 200 OK\r\nServer: long enough to be taken for HTTP, which takes 80 bytes\r\nContent-Le",
            )
            .says(Side::Client, b"ngth: 4\r\n\r\n")
            .says(Side::Client, b"body")
        })
        .map(Connection::datagrams)
        .collect();
    let turns = (0..3).flat_map(|round| flows.iter().map(move |flow| ethernet(&flow[round])));
    sandbox.write("in.pcap", Pcap::of(ETHERNET).write(&frames(turns)));
}

#[test]
fn sixteen_descriptors_lose_nothing() {
    let Some(before) = without_power() else {
        skip("ulimit -n 16", "root needs setpriv(1) to be held by a limit");
        return;
    };
    let sandbox = Sandbox::new();
    capture(&sandbox);
    let content =
        b"HTTP/1.1 200 OK\r\nServer: long enough to be taken for HTTP, which takes 80 bytes\r\nContent-Length: 4\r\n\r\nbody";
    for (arguments, beside) in [
        ("", 0),
        ("-I", 100),
        ("-S buffer_memory=0", 0),
        ("-I -S buffer_memory=0", 100),
        ("-FkM -S buffer_memory=0", 0),
        ("-T %b/%B -S buffer_memory=0", 0),
        ("-a -w rest.pcap -S buffer_memory=0", 101),
        ("-S tcp_cmd=true -S http_cmd=true -e http", 100),
    ] {
        let _ = fs::remove_dir_all(sandbox.path("out"));
        let line = format!("ulimit -n 16; {before} tcpflow {arguments} -o out -r in.pcap");
        sandbox.shell(&line).succeeds();
        let tree = sandbox.tree("out");
        let whole = tree.values().filter(|found| found.as_slice() == content).count();
        assert_eq!((whole, tree.len()), (100, 100 + beside), "{arguments}");
        assert_eq!(sandbox.report("out/report.xml").flows.len() - body_entries(&tree), 100);
    }
    let _ = fs::remove_dir_all(sandbox.path("out"));
    let line = format!("ulimit -n 16; {before} tcpflow -K -S buffer_memory=0 -o out -r in.pcap");
    sandbox.shell(&line).succeeds();
    let sizes: Vec<_> = sandbox.tree("out").values().map(Vec::len).collect();
    assert_eq!(sizes, [24 + 3 * (16 + 54) + content.len(); 100]);
}

/// Descriptors were counted that growing files hold, but not those of files that wait to be finished or
/// for what is on its way to them: some could not be opened, and were lost.
#[test]
fn files_that_close_while_others_grow_find_descriptors() {
    let Some(before) = without_power() else {
        skip("ulimit -n 540", "root needs setpriv(1) to be held by a limit");
        return;
    };
    let sandbox = Sandbox::new();
    let content = |number: usize| vec![number as u8; 2800];
    let flows: Vec<_> = (0..6000)
        .map(|number| {
            let flow = Connection::between(&format!("10.0.0.1:{}", 1000 + number), "10.0.0.2:80");
            let payloads = content(number);
            let flow = payloads.chunks(700).fold(flow, |flow, part| flow.says(Side::Client, part));
            flow.goodbye().datagrams()
        })
        .collect();
    // A new one with every packet of each, so that a thousand or more are open at once, of which five
    // hundred are closed at once.
    let datagrams = flows.iter().zip(0..).flat_map(|(flow, begin)| {
        flow.iter().zip(0..).map(move |(datagram, number)| match number {
            0..4 => (begin + number * 250, datagram),
            _ => ((begin / 500 + 3) * 500, datagram),
        })
    });
    let mut datagrams: Vec<_> = datagrams.collect();
    datagrams.sort_by_key(|(time, _)| *time);
    let packets = datagrams.into_iter().map(|(_, datagram)| ethernet(datagram));
    sandbox.write("in.pcap", Pcap::of(ETHERNET).write(&frames(packets)));
    for memory in ["64K", "512K", "4M"] {
        let _ = fs::remove_dir_all(sandbox.path("out"));
        let arguments = format!("-S buffer_memory={memory} -o out -r in.pcap");
        sandbox.shell(&format!("ulimit -n 540; {before} tcpflow {arguments}")).succeeds();
        let tree = sandbox.tree("out");
        assert_eq!(tree.len(), flows.len(), "{memory}");
        for number in 0..flows.len() {
            let name = format!("010.000.000.001.{:05}-010.000.000.002.00080", 1000 + number);
            assert!(tree[&name] == content(number), "{memory}: {name}");
        }
    }
}

/// The report reader counts the entries of bodies as flows, too.
fn body_entries(tree: &std::collections::BTreeMap<String, Vec<u8>>) -> usize {
    tree.keys().filter(|name| name.contains("HTTPBODY")).count()
}
