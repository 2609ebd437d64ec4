//! What the DFXML report tells, and when there is one.

use std::fs;

use crate::support::report::Report;
use crate::support::sandbox::Sandbox;

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";
const SERVER_FILE: &str = "010.000.000.002.00080-010.000.000.001.40000";

#[test]
fn a_flow_is_told_with_all_its_attributes() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {out-of-order.pcap}").succeeds();
    let report = sandbox.report("out/report.xml");
    let flow = report.flow(&format!("out/{CLIENT_FILE}"));
    assert_eq!(flow.filesize, "13");
    let attributes: Vec<_> =
        flow.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        attributes,
        [
            ("dst_ipn", "10.0.0.2"),
            ("dstport", "80"),
            ("endtime", "2023-11-14T22:13:20.129456Z"),
            ("family", "2"),
            ("len", "337"),
            ("mac_daddr", "02:00:00:00:00:02"),
            ("mac_saddr", "02:00:00:00:00:01"),
            ("out_of_order_count", "1"),
            ("packets", "6"),
            ("src_ipn", "10.0.0.1"),
            ("srcport", "40000"),
            ("startime", "2023-11-14T22:13:20.123456Z"),
        ]
    );
}

#[test]
fn what_is_zero_or_absent_is_left_out() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {raw-ip.pcap}").succeeds();
    let report = sandbox.report("out/report.xml");
    for flow in &report.flows {
        for name in ["mac_daddr", "mac_saddr", "out_of_order_count", "violations", "caplen"] {
            assert_eq!(flow.attribute(name), None);
        }
    }
    assert_eq!(report.flows[1].attribute("family"), Some("10"));
    assert_eq!(report.flows[1].attribute("src_ipn"), Some("2001:db8::1"));
}

#[test]
fn captured_lengths_are_told_where_they_differ() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {snaplen.pcap}").succeeds();
    let report = sandbox.report("out/report.xml");
    let flow = report.flow(&format!("out/{CLIENT_FILE}"));
    assert_eq!(flow.attribute("len"), Some("344"));
    assert_eq!(flow.attribute("caplen"), Some("338"));
}

#[test]
fn flows_without_payload_have_no_file_name() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {out-of-order.pcap}").succeeds();
    let report = sandbox.report("out/report.xml");
    let silent = report.flows.iter().find(|flow| flow.filename.is_none()).unwrap();
    assert_eq!(silent.filesize, "0");
    assert_eq!(silent.attribute("src_ipn"), Some("10.0.0.2"));
}

#[test]
fn totals() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {port-reuse.pcap}").succeeds();
    let report = sandbox.report("out/report.xml");
    for (name, value) in [
        ("total_flows", "4"),
        ("total_packets", "10"),
        ("flow_map_size", "2"),
        ("max_open_flows", "2"),
        ("tdelta", "0"),
        ("program", "TCPFLOW"),
        ("version", env!("CARGO_PKG_VERSION")),
        ("os_sysname", "Linux"),
    ] {
        assert_eq!(report.text_of(name), value, "{name}");
    }
    for name in ["compiler", "host", "arch", "uid", "username", "start_time", "utime"] {
        assert!(report.texts.contains_key(name), "{name}");
    }
    assert!(report.texts.contains_key("open_fds_at_end"));
}

#[test]
fn the_command_line_can_be_pasted_into_a_shell() {
    let sandbox = Sandbox::new();
    sandbox.run_with(["-o", "it's <here> & \"there\"", "-r", "none"]);
    let report = sandbox.report("it's <here> & \"there\"/report.xml");
    let line = report.text_of("command_line");
    let outcome = sandbox.shell(&format!("printf '%s|' {line}"));
    assert_eq!(outcome.text(), "tcpflow|-o|it's <here> & \"there\"|-r|none|");
}

/// A control character cannot stand in XML 1.0, not even escaped.
#[test]
fn file_names_are_escaped() {
    let sandbox = Sandbox::new();
    sandbox
        .run_with([
            "-o",
            "out",
            "-T",
            "<&>'\"\u{1}%a",
            "-r",
            &crate::support::sandbox::expand("{http-ipv4.pcap}"),
        ])
        .succeeds();
    let text = String::from_utf8(sandbox.read("out/report.xml")).unwrap();
    assert!(!text.contains('\u{1}'));
    assert!(text.contains("out/&lt;&amp;&gt;&apos;&quot;"), "{text}");
    assert_eq!(Report::parse(&text).flows.len(), 2);
}

#[test]
fn x_says_where_the_report_goes() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-X elsewhere.xml -o out -r {http-ipv4.pcap}").succeeds();
    assert_eq!(outcome.stderr, "reportfilename: elsewhere.xml\n");
    assert!(!sandbox.path("out/report.xml").exists());
    assert_eq!(sandbox.report("elsewhere.xml").flows.len(), 2);
    sandbox.run("-X no/such.xml -o out2 -r {http-ipv4.pcap}").fails(1, &["no/such.xml"]);
}

#[test]
fn the_report_can_be_switched_off() {
    for arguments in ["-S enable_report=NO", "-S enable_report=NO -X elsewhere.xml"] {
        let sandbox = Sandbox::new();
        let outcome = sandbox.run(&format!("{arguments} -o out -r {{http-ipv4.pcap}}")).succeeds();
        assert_eq!(outcome.stderr, "");
        assert!(!sandbox.path("out/report.xml").exists());
        assert!(!sandbox.path("elsewhere.xml").exists());
        assert_eq!(sandbox.names("out"), [CLIENT_FILE, SERVER_FILE]);
    }
}

/// Sizes are those of the streams, though there are no files.
#[test]
fn fx_writes_only_the_report() {
    let sandbox = Sandbox::new();
    sandbox.run("-FX -o out -r {http-ipv4.pcap}").succeeds();
    assert!(sandbox.tree("out").is_empty());
    let report = sandbox.report("out/report.xml");
    let told: Vec<_> =
        report.flows.iter().map(|flow| (flow.filename.clone(), flow.filesize.as_str())).collect();
    assert_eq!(told, [(None, "46"), (None, "96")]);
}

#[test]
fn md5_wherever_it_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.run("-o plain -r {http-ipv4.pcap}").succeeds();
    let sums = sandbox.shell(&format!("md5sum plain/{CLIENT_FILE} plain/{SERVER_FILE}"));
    let expected: Vec<_> = sums.text().lines().map(|line| line[..32].to_owned()).collect();
    for arguments in [
        "-e md5",
        "-FM",
        "-a -x netviz",
        "-E md5",
        "-FXM",
        "-x md5 -e md5",
        "-cFM -X out/report.xml",
    ] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("out")).unwrap();
        sandbox.run(&format!("{arguments} -o out -r {{http-ipv4.pcap}}")).succeeds();
        let report = sandbox.report("out/report.xml");
        let told: Vec<_> = report.flows.iter().filter_map(|flow| flow.md5.clone()).collect();
        assert_eq!(told, expected, "{arguments}");
    }
    for arguments in ["", "-e md5 -x md5", "-a -x md5", "-e http"] {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("{arguments} -o out -r {{http-ipv4.pcap}}")).succeeds();
        let report = sandbox.report("out/report.xml");
        assert!(report.flows.iter().all(|flow| flow.md5.is_none()), "{arguments}");
    }
}

/// Streams that do not only grow are hashed as they end up.
#[test]
fn md5_is_that_of_the_final_file() {
    for name in ["out-of-order", "retransmission", "insertion", "gap", "snaplen", "keep-alive"] {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("-FM -o out -r {{{name}.pcap}}")).succeeds();
        let sum = sandbox.shell(&format!("md5sum < out/{CLIENT_FILE}"));
        let report = sandbox.report("out/report.xml");
        let flow = report.flow(&format!("out/{CLIENT_FILE}"));
        assert_eq!(flow.md5.as_deref(), Some(&sum.text()[..32]), "{name}");
        sandbox.run(&format!("-FXM -o none -r {{{name}.pcap}}")).succeeds();
        let report = sandbox.report("none/report.xml");
        let flow = report.flows.iter().find(|flow| flow.filesize != "0").unwrap();
        assert_eq!(flow.md5.as_deref(), Some(&sum.text()[..32]), "{name} without files");
    }
}

#[test]
fn md5_of_a_cut_flow_is_that_of_what_was_kept() {
    let sandbox = Sandbox::new();
    sandbox.run("-FM -b 6 -o out -r {out-of-order.pcap}").succeeds();
    let sum = sandbox.shell(&format!("md5sum < out/{CLIENT_FILE}"));
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flow(&format!("out/{CLIENT_FILE}")).md5.as_deref(), Some(&sum.text()[..32]));
}

#[test]
fn x_tcpdemux_leaves_a_report_without_flows() {
    let sandbox = Sandbox::new();
    sandbox.run("-x tcpdemux -o out -r {http-ipv4.pcap}").succeeds();
    assert!(sandbox.tree("out").is_empty());
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flows.len(), 0);
    assert_eq!(report.text_of("total_flows"), "0");
}

/// Everything but times, host and resources is the same twice.
#[test]
fn the_same_command_gives_the_same_bytes() {
    let captures = ["closings", "port-reuse", "insertion", "vlan", "http-ipv6", "not-tcp"];
    let inputs: String = captures.iter().map(|name| format!(" -r {{{name}.pcap}}")).collect();
    let outcome = |arguments: &str| {
        let sandbox = Sandbox::new();
        let outcome = sandbox.run(&format!("{arguments} -o out {inputs}"));
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        let report = fs::read_to_string(sandbox.path("out/report.xml")).unwrap_or_default();
        let changing = [
            "start_time",
            "utime",
            "stime",
            "maxrss",
            "minflt",
            "majflt",
            "nswap",
            "inblock",
            "oublock",
            "clocktime",
        ];
        let report: Vec<_> = report
            .lines()
            .filter(|line| !changing.iter().any(|name| line.contains(&format!("<{name}>"))))
            .map(str::to_owned)
            .collect();
        (outcome.stdout, sandbox.tree("."), report)
    };
    for arguments in ["", "-a -x netviz", "-I -FkcT", "-c -X out.xml", "-K", "-cJ", "-w out.rest"] {
        let [mut first, mut second] = [outcome(arguments), outcome(arguments)];
        first.1.remove("out.xml");
        second.1.remove("out.xml");
        first.1.remove("out/report.xml");
        second.1.remove("out/report.xml");
        assert!(first == second, "{arguments}");
    }
}
