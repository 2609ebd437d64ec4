//! What `-c` and `-C` print, byte for byte.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Sandbox, wait_until};

/// A dialogue with unprintable bytes in it.
fn dialogue() -> Sandbox {
    let sandbox = Sandbox::new();
    let connection = Connection::between("10.0.0.1:40000", "10.0.0.2:80")
        .handshake()
        .says(Side::Client, b"tab\there\r\n")
        .says(Side::Server, b"\x00\xff~");
    sandbox.capture("in.pcap", [connection]);
    sandbox
}

fn printed(arguments: &str) -> String {
    let sandbox = dialogue();
    let outcome = sandbox.run(&format!("{arguments} -r in.pcap")).succeeds();
    assert_eq!(outcome.stderr, "");
    assert_eq!(sandbox.names("."), ["in.pcap"], "{arguments} wrote a file");
    outcome.stdout.iter().map(|&byte| char::from(byte)).collect()
}

const CLIENT: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SERVER: &str = "010.000.000.002.00080-010.000.000.001.40000";

#[test]
fn c_prints_a_header_and_dots_for_unprintables() {
    let expected = format!("{CLIENT}: tab.here\r\n\n{SERVER}: ..~\n");
    assert_eq!(printed("-c"), expected);
    assert_eq!(printed("-cs"), expected);
}

#[test]
fn capital_c_prints_no_header() {
    assert_eq!(printed("-C"), "tab.here\r\n\n..~\n");
}

#[test]
fn b_prints_bytes_as_they_are() {
    assert_eq!(printed("-cB"), format!("{CLIENT}: tab\there\r\n\n{SERVER}: \x00\u{ff}~\n"));
    assert_eq!(printed("-CB"), "tab\there\r\n\n\x00\u{ff}~\n");
}

#[test]
fn zero_leaves_the_newline_out() {
    assert_eq!(printed("-C0"), "tab.here\r\n..~");
    assert_eq!(printed("-C0B"), "tab\there\r\n\x00\u{ff}~");
}

#[test]
fn g_colours_the_directions() {
    let expected =
        format!("\x1b[0;34m{CLIENT}: tab.here\r\n\x1b[0m\n\x1b[0;31m{SERVER}: ..~\x1b[0m\n");
    assert_eq!(printed("-cg"), expected);
    assert_eq!(printed("-Cg0"), "\x1b[0;34mtab.here\r\n\x1b[0m\x1b[0;31m..~\x1b[0m");
}

#[test]
fn d_prints_a_hexadecimal_dump() {
    let expected = format!(
        "{CLIENT}: \n0000: 7461 6209 6865 7265 0d0a  tab.here..\n\n{SERVER}: \n0000: 00ff 7e ..~\n\n"
    );
    assert_eq!(printed("-cD"), expected);
}

#[test]
fn hexadecimal_lines_have_32_bytes() {
    let sandbox = Sandbox::new();
    let connection = Connection::between("10.0.0.1:1", "10.0.0.2:2")
        .says(Side::Client, b"0123456789abcdefghijklmnopqrstuvwxyz");
    sandbox.capture("in.pcap", [connection]);
    let outcome = sandbox.run("-CD -r in.pcap").succeeds();
    let lines: Vec<_> = outcome.text().lines().collect();
    assert_eq!(
        lines[0],
        "0000: 3031 3233 3435 3637 3839 6162 6364 6566 6768 696a 6b6c 6d6e 6f70 7172 7374 7576  \
         0123456789abcdefghijklmnopqrstuv"
    );
    assert_eq!(lines[1], format!("0020: {:<80} wxyz", "7778 797a"));
}

#[test]
fn j_prints_an_object_a_packet() {
    let expected = concat!(
        r#"{"src_host":"10.0.0.1","src_port":40000,"dst_host":"10.0.0.2","dst_port":80,"#,
        r#""payload": [116,97,98,9,104,101,114,101,13,10]}"#,
        "\n",
        r#"{"src_host":"10.0.0.2","src_port":80,"dst_host":"10.0.0.1","dst_port":40000,"#,
        r#""payload": [0,255,126]}"#,
        "\n",
    );
    assert_eq!(printed("-cJ"), expected);
    assert_eq!(printed("-CJ"), expected);
}

/// The original takes the addresses from its own file names, which fails here.
#[test]
fn j_prints_true_addresses_whatever_the_names() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-cJ -o out -T %N -r {raw-ip.pcap}").succeeds();
    let hosts = |line: &str| line.split(r#","payload""#).next().unwrap().to_owned();
    assert_eq!(
        outcome.text().lines().map(hosts).collect::<Vec<_>>(),
        [
            r#"{"src_host":"10.0.0.1","src_port":40000,"dst_host":"10.0.0.2","dst_port":80"#,
            r#"{"src_host":"2001:db8::1","src_port":40000,"dst_host":"2001:db8::2","dst_port":80"#,
        ]
    );
}

#[test]
fn j_alone_writes_files() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-J -o out -r {http-ipv4.pcap}").succeeds();
    assert_eq!(outcome.stdout, b"");
    assert_eq!(sandbox.names("out").len(), 2);
}

#[test]
fn headers_name_the_folder_and_follow_the_template() {
    let sandbox = dialogue();
    let outcome = sandbox.run("-c -o out -T %a -r in.pcap").succeeds();
    assert_eq!(outcome.text(), "out/40000: tab.here\r\n\nout/00080: ..~\n");
}

/// Nothing is put in order: retransmissions are printed again.
#[test]
fn packets_are_printed_as_they_arrive() {
    let sandbox = Sandbox::new();
    let out_of_order = sandbox.run("-C -r {out-of-order.pcap}").succeeds();
    assert_eq!(out_of_order.text(), "one \nthree\ntwo \n");
    let retransmission = sandbox.run("-C -r {retransmission.pcap}").succeeds();
    assert_eq!(retransmission.text(), "abcdef\nDEFghi\nabc\n");
}

#[test]
fn b_limits_the_bytes_printed_of_a_flow() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-C -b 8 -r {retransmission.pcap}").succeeds();
    assert_eq!(outcome.text(), "abcdef\nDE\n");
    assert_eq!(sandbox.run("-c -b 0 -r {retransmission.pcap}").succeeds().text(), "");
}

#[test]
fn a_report_is_written_only_where_x_says() {
    let sandbox = dialogue();
    let outcome = sandbox.run("-c -X said.xml -r in.pcap").succeeds();
    assert_eq!(outcome.stderr, "reportfilename: said.xml\n");
    let report = sandbox.report("said.xml");
    assert_eq!(report.flows.len(), 2);
    assert!(report.flows.iter().all(|flow| flow.filename.is_none()));
    assert_eq!(report.flows[0].filesize, "10");
    assert_eq!(report.flows[1].filesize, "3");
}

/// `tcpflow -c | head` is no failure.
#[test]
fn a_broken_pipe_ends_the_program_quietly() {
    let sandbox = Sandbox::new();
    let talk = Connection::between("10.0.0.1:1", "10.0.0.2:2");
    let talk = (0..3000).fold(talk, |talk, _| talk.says(Side::Client, &[b'x'; 1000]));
    sandbox.capture("long.pcap", [talk]);
    let mut command = sandbox.command(["-c", "-r", "long.pcap"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    wait_until("the program's end", || child.try_wait().unwrap().is_some());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Who cannot print what was asked for has not done the job.
#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let sandbox = dialogue();
    if !std::path::Path::new("/dev/full").exists() {
        crate::support::sandbox::skip("console on a full disk", "there is no /dev/full");
        return;
    }
    sandbox.shell("tcpflow -c -r in.pcap > /dev/full").fails(1, &["standard output"]);
}
