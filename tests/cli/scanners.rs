//! What post-processing leaves in the output folder, and the programs it calls.

use crate::support::sandbox::Sandbox;

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SERVER_FILE: &str = "010.000.000.002.00080-010.000.000.001.40000";
const BODY_FILE: &str = "010.000.000.002.00080-010.000.000.001.40000-HTTPBODY-001.txt";

#[test]
fn a_does_everything() {
    let sandbox = Sandbox::new();
    sandbox.run("-a -o out -r {http-ipv4.pcap}").succeeds();
    let tree = sandbox.tree("out");
    assert_eq!(Vec::from_iter(tree.keys()), [CLIENT_FILE, SERVER_FILE, BODY_FILE, "report.pdf"]);
    assert_eq!(tree[BODY_FILE], b"Hello, world!\nThis is tcpflow.\n");
    assert!(tree["report.pdf"].starts_with(b"%PDF-"));
    let report = String::from_utf8(sandbox.read("out/report.xml")).unwrap();
    assert!(report.contains("HTTPBODY-001.txt"));
    assert_eq!(sandbox.report("out/report.xml").text_of("total_flows"), "2");
}

#[test]
fn scanners_are_switched_in_the_order_given() {
    for (words, body, picture) in [
        ("-e http", true, false),
        ("-E http", true, false),
        ("-e http -x http", false, false),
        ("-x http -e http", true, false),
        ("-a -x http", false, true),
        ("-a -x netviz", true, false),
        ("-e netviz", false, true),
        ("-e all", true, true),
        ("-e all -x all", false, false),
        ("", false, false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("{words} -o out -r {{http-ipv4.pcap}}")).succeeds();
        assert_eq!(sandbox.path("out").join(BODY_FILE).exists(), body, "{words}");
        assert_eq!(sandbox.path("out/report.pdf").exists(), picture, "{words}");
    }
}

#[test]
fn tcp_cmd_runs_on_every_flow_file() {
    let sandbox = Sandbox::new();
    let capture = crate::support::sandbox::expand("{http-ipv4.pcap}");
    sandbox.run_with(["-S", "tcp_cmd=echo >>seen.txt", "-o", "out", "-r", &capture]).succeeds();
    let seen = String::from_utf8(sandbox.read("seen.txt")).unwrap();
    let mut lines: Vec<_> = seen.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [format!("out/{CLIENT_FILE}"), format!("out/{SERVER_FILE}")]);
}

/// A path is one word for the shell, whatever is in it.
#[test]
fn tcp_cmd_gets_the_path_as_one_word() {
    let sandbox = Sandbox::new();
    let capture = crate::support::sandbox::expand("{http-ipv4.pcap}");
    let template = "a b;touch pwned;$(touch pwned)%a";
    sandbox
        .run_with(["-S", "tcp_cmd=cp -t copies", "-T", template, "-o", "out", "-r", &capture])
        .complaints();
    assert!(!sandbox.path("pwned").exists());
    std::fs::create_dir(sandbox.path("copies")).unwrap();
    sandbox
        .run_with(["-S", "tcp_cmd=cp -t copies", "-T", template, "-o", "out2", "-r", &capture])
        .succeeds();
    assert_eq!(sandbox.tree("copies"), sandbox.tree("out2"));
}

#[test]
fn tcp_alert_fd_is_told_of_every_file() {
    let sandbox = Sandbox::new();
    let capture = crate::support::sandbox::expand("{closings.pcap}");
    sandbox
        .shell(&format!("tcpflow -S tcp_alert_fd=3 -T %a%c -o out -r '{capture}' 3>alerts.txt"))
        .succeeds();
    let alerts = String::from_utf8(sandbox.read("alerts.txt")).unwrap();
    assert_eq!(
        alerts,
        "open\tout/40000\nclose\tout/40000\n\
         open\tout/40001\nclose\tout/40001\n\
         open\tout/400011\nclose\tout/400011\n"
    );
}
