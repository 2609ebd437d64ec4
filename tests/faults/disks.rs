//! Disks that are full or cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::mounts::Mount;
use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Sandbox, is_root};

/// A flow of `size` bytes from this port.
fn flow(port: u16, size: usize) -> Connection {
    let begin = Connection::between(&format!("10.0.0.1:{port}"), "10.0.0.2:80");
    let content = vec![b'x'; size];
    content.chunks(1000).fold(begin, |flow, piece| flow.says(Side::Client, piece)).goodbye()
}

/// The large flow does not fit, the small one behind it does.
#[test]
fn a_full_disk_is_told_and_the_other_flows_go_on() {
    let sandbox = Sandbox::new();
    let disk = Mount::small_disk("a full disk", sandbox.path("out"), "64k");
    let Some(_disk) = disk else { return };
    let small = Connection::between("10.0.0.1:2", "10.0.0.2:80").says(Side::Client, b"small");
    sandbox.capture("in.pcap", [small, flow(1, 200_000)]);
    let outcome = sandbox.run("-T %a -X report.xml -S buffer_memory=0 -o out -r in.pcap");
    outcome.fails(1, &["out/00001: No space left on device"]);
    assert_eq!(sandbox.read("out/00002"), b"small");
    let report = sandbox.report("report.xml");
    assert_eq!(report.text_of("total_packets"), "202");
    assert_eq!(report.flow("out/00002").filesize, "5");
    assert!(report.flows.iter().any(|flow| flow.filename.is_none() && flow.filesize == "200000"));
}

/// With `ulimit -f` the system kills who writes beyond it, unless that was asked not to be.
#[test]
fn a_file_that_may_not_grow_further_is_told_and_the_other_flows_go_on() {
    let sandbox = Sandbox::new();
    let small = Connection::between("10.0.0.1:2", "10.0.0.2:80").says(Side::Client, b"small");
    sandbox.capture("in.pcap", [flow(1, 200_000), small]);
    let line = "ulimit -f 100; tcpflow -T %a -o out -r in.pcap";
    sandbox.shell(line).fails(1, &["out/00001: File too large"]);
    assert_eq!(sandbox.read("out/00002"), b"small");
    assert_eq!(sandbox.report("out/report.xml").flow("out/00002").filesize, "5");
}

/// Not a line for each of many flows: the first ones are named, the others counted; and what the
/// report says is written, is.
#[test]
fn a_full_disk_under_many_flows_is_no_flood_of_messages() {
    let sandbox = Sandbox::new();
    let disk = Mount::small_disk("a full disk under many flows", sandbox.path("out"), "256k");
    let Some(_disk) = disk else { return };
    sandbox.capture("in.pcap", (0..300).map(|number| flow(1000 + number, 2000)));
    let outcome = sandbox.run("-T %a -X report.xml -o out -r in.pcap");
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    let complaints = outcome.complaints();
    assert_eq!(complaints.len(), 11, "{complaints:?}");
    assert!(complaints[..10].iter().all(|line| line.contains(": No space left on device")));
    let report = sandbox.report("report.xml");
    assert!(report.flows.len() >= 300);
    let written: Vec<_> = report.flows.iter().filter_map(|flow| flow.filename.as_ref()).collect();
    assert!(written.len() > 20, "{} fit", written.len());
    assert!(written.iter().all(|name| sandbox.read(name) == [b'x'; 2000]));
    let more = 300 - written.len() - 10;
    assert_eq!(complaints[10], format!("tcpflow: {more} more files could not be written"));
    // Whoever wants to know all of them can.
    let all = sandbox.run("-d 2 -T %a -X report.xml -o out -r in.pcap");
    assert!(all.complaints().len() > 250, "{}", all.complaints().len());
}

/// The report is on the full disk itself: that is told, and what it said before stays.
#[test]
fn a_report_on_a_full_disk_keeps_what_was_told_before() {
    let sandbox = Sandbox::new();
    let disk = Mount::small_disk("a report on a full disk", sandbox.path("small"), "32k");
    let Some(_disk) = disk else { return };
    sandbox.capture("in.pcap", (0..500).map(|number| flow(1000 + number, 10)));
    let outcome = sandbox.run("-X small/report.xml -o out -r in.pcap");
    outcome.fails(1, &["small/report.xml: No space left on device"]);
    assert_eq!(sandbox.names("out").len(), 500);
    let told = String::from_utf8(sandbox.read("small/report.xml")).unwrap();
    assert!(told.starts_with("<?xml") && told.matches("</fileobject>").count() > 20, "{told}");
}

#[test]
fn every_kind_of_output_names_itself_on_a_full_disk() {
    let sandbox = Sandbox::new();
    let disk = Mount::small_disk("all outputs on a full disk", sandbox.path("out"), "8k");
    let Some(_disk) = disk else { return };
    fs::write(sandbox.path("out/ballast"), [0; 8192]).unwrap_or_default();
    sandbox.capture("in.pcap", [flow(1, 50)]);
    for (arguments, words) in [
        ("-K -T %a", "out/00001.pcap: No space left on device"),
        ("-T %a", "out/00001: No space left on device"),
        ("-x tcpdemux -e netviz", "out/report.pdf: No space left on device"),
        ("-x tcpdemux -w out/rest.pcap", "out/rest.pcap: No space left on device"),
    ] {
        let outcome = sandbox.run(&format!("{arguments} -X report.xml -o out -r in.pcap"));
        assert_eq!(outcome.status, Some(1), "{arguments}: {outcome:?}");
        outcome.complains(&[words]);
    }
}

/// Root may write in any folder, but not to a disk that is mounted for reading.
#[test]
fn a_folder_that_can_only_be_read() {
    let sandbox = Sandbox::new();
    let reason = match is_root() {
        true => {
            let disk = Mount::small_disk("a read-only folder", sandbox.path("out"), "1M");
            let Some(disk) = disk else { return };
            assert!(disk.make_read_only());
            let reason = "Read-only file system";
            check_read_only(&sandbox, reason);
            return;
        }
        false => "Permission denied",
    };
    fs::create_dir(sandbox.path("out")).unwrap();
    fs::set_permissions(sandbox.path("out"), PermissionsExt::from_mode(0o555)).unwrap();
    check_read_only(&sandbox, reason);
}

fn check_read_only(sandbox: &Sandbox, reason: &str) {
    sandbox.capture("in.pcap", [flow(1, 50)]);
    sandbox.run("-o out -r in.pcap").fails(1, &[&format!("out/report.xml: {reason}")]);
    sandbox.run("-o out/new -r in.pcap").fails(1, &[&format!("out/new: {reason}")]);
    let outcome = sandbox.run("-T %a -X report.xml -o out -r in.pcap");
    outcome.fails(1, &[&format!("out/00001: {reason}")]);
    assert_eq!(sandbox.report("report.xml").flows[0].filesize, "50");
    let outcome = sandbox.run("-T %b/%a -X report.xml -o out -r in.pcap");
    outcome.fails(1, &[&format!("out/00080/00001: {reason}")]);
    assert!(sandbox.names("out").is_empty());
}
