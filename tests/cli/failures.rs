//! What cannot be written is told by name, and costs nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::support::captures::{ETHERNET, Pcap, frames};
use crate::support::packets::{Connection, Side, ethernet};
use crate::support::sandbox::{Sandbox, is_root, skip};

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SERVER_FILE: &str = "010.000.000.002.00080-010.000.000.001.40000";

#[test]
fn a_file_where_a_folder_should_be() {
    let sandbox = Sandbox::new();
    sandbox.write("out", "a file");
    sandbox.run("-o out -r {http-ipv4.pcap}").fails(1, &["out", "not a folder"]);
    assert_eq!(sandbox.read("out"), b"a file");
}

/// The flow that needs the folder is lost, the other one is not.
#[test]
fn a_file_in_the_way_of_a_template_folder() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("out")).unwrap();
    sandbox.write("out/00080", "in the way");
    sandbox.run("-o out -T %a/%b -r {http-ipv4.pcap}").fails(1, &["out/00080/40000"]);
    assert_eq!(sandbox.names("out"), ["00080", "40000/00080"]);
    assert_eq!(sandbox.report("out/report.xml").flows.len(), 2);
}

#[test]
fn a_folder_where_the_report_should_be() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("out/report.xml")).unwrap();
    sandbox.run("-o out -r {http-ipv4.pcap}").fails(1, &["out/report.xml"]);
}

/// Root may write everywhere, so the program runs as somebody else then.
#[test]
fn a_folder_that_may_not_be_written() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("out")).unwrap();
    fs::create_dir(sandbox.path("out/000")).unwrap();
    for folder in ["out/000", "out", "."] {
        fs::set_permissions(sandbox.path(folder), PermissionsExt::from_mode(0o555)).unwrap();
    }
    fs::set_permissions(sandbox.path("."), PermissionsExt::from_mode(0o777)).unwrap();
    fs::copy(crate::support::sandbox::fixture("http-ipv4.pcap"), sandbox.path("in.pcap")).unwrap();
    let user = if is_root() { "-U nobody" } else { "" };
    sandbox.run("-X report.xml -o out -Fk -q -r in.pcap -c").succeeds();
    let outcome = sandbox.run(&format!("{user} -X report.xml -o out -Fk -r in.pcap"));
    fs::set_permissions(sandbox.path("out"), PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(sandbox.path("out/000"), PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    let outcome = outcome.complains(&[&format!("out/000/{CLIENT_FILE}"), "Permission denied"]);
    outcome.complains(&[&format!("out/000/{SERVER_FILE}"), "Permission denied"]);
    assert!(sandbox.names("out").is_empty());
    let report = sandbox.report("report.xml");
    assert_eq!(report.flows.len(), 2);
    assert!(report.flows.iter().all(|flow| flow.filename.is_none()));
}

/// A small file system, gone at the end of the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir(&folder).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "none"])
            .arg(&folder)
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// The large flow does not fit, the small one behind it does.
#[test]
fn a_full_disk_is_told_and_the_other_flows_go_on() {
    if !is_root() {
        skip("a full disk", "only root may mount a small one");
        return;
    }
    let sandbox = Sandbox::new();
    let Some(_disk) = SmallDisk::mount(sandbox.path("out"), "64k") else {
        skip("a full disk", "tmpfs cannot be mounted here");
        return;
    };
    let large = Connection::between("10.0.0.1:1", "10.0.0.2:80");
    let large = (0..200).fold(large, |large, _| large.says(Side::Client, &[b'x'; 1000])).goodbye();
    let small = Connection::between("10.0.0.1:2", "10.0.0.2:80").says(Side::Client, b"small");
    sandbox.capture("in.pcap", [small, large]);
    let outcome = sandbox.run("-T %a -X report.xml -S buffer_memory=0 -o out -r in.pcap");
    outcome.fails(1, &["out/00001", "No space left on device"]);
    assert_eq!(sandbox.read("out/00002"), b"small");
    assert_eq!(sandbox.report("report.xml").text_of("total_packets"), "202");
}

/// Interleaved flows, far more than descriptors: nothing is lost.
#[test]
fn few_descriptors_lose_nothing() {
    let sandbox = Sandbox::new();
    let flows: Vec<_> = (0..100)
        .map(|number| Connection::between(&format!("10.0.0.1:{}", 1000 + number), "10.0.0.2:80"))
        .map(|flow| {
            flow.says(Side::Client, b"one,")
                .says(Side::Client, b"two,")
                .says(Side::Client, b"three")
        })
        .map(Connection::datagrams)
        .collect();
    let turns = (0..3).flat_map(|round| flows.iter().map(move |flow| ethernet(&flow[round])));
    sandbox.write("in.pcap", Pcap::of(ETHERNET).write(&frames(turns)));
    for arguments in ["", "-I", "-S buffer_memory=0", "-FM -a"] {
        let line = format!("ulimit -n 16; tcpflow {arguments} -x netviz -o out -r in.pcap");
        let _ = fs::remove_dir_all(sandbox.path("out"));
        sandbox.shell(&line).succeeds();
        let mut tree = sandbox.tree("out");
        tree.retain(|name, _| !name.ends_with(".findx"));
        assert_eq!(tree.len(), 100, "{arguments}");
        assert!(tree.values().all(|content| content == b"one,two,three"), "{arguments}");
    }
}

#[test]
fn more_than_ten_thousand_files_deserve_a_warning() {
    let sandbox = Sandbox::new();
    let flow = |number: u32| {
        let client = format!("10.0.{}.{}:1000", number / 250, number % 250);
        Connection::between(&client, "10.1.0.2:80").says(Side::Client, b"x")
    };
    sandbox.capture("in.pcap", (0..10_001).map(flow));
    let outcome = sandbox.run("-o out -r in.pcap");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    outcome.fails(0, &["-Fk", "-Fm", "-Fg", "out"]);
    sandbox.run("-q -o quiet -r in.pcap").succeeds();
    sandbox.run("-Fk -o sorted -r in.pcap").succeeds();
}
