//! The command line itself: getopt's rules, help, and what is refused.

use crate::support::sandbox::Sandbox;

/// Every way to say the same.
#[test]
fn words_are_read_as_getopt_long_reads_them() {
    let expected = {
        let sandbox = Sandbox::new();
        sandbox.run("-C -0 -B -r {http-ipv4.pcap} src port 80").succeeds().stdout
    };
    assert!(expected.starts_with(b"HTTP/1.1 200 OK"));
    let capture = crate::support::sandbox::expand("{http-ipv4.pcap}");
    for words in [
        format!("-C0B -r {capture} src port 80"),
        format!("-C0Br {capture} src port 80"),
        format!("-C0Br{capture} src port 80"),
        format!("src -C0B port -r {capture} 80"),
        format!("-C0B -r {capture} -- src port 80"),
        format!("--console-bare --no-newline --binary --read {capture} src port 80"),
        format!("--console-b --no-n --bin --read={capture} src port 80"),
        format!("-q -d 10 -d0 -P -s -p -C0B -r {capture} src port 80"),
    ] {
        let sandbox = Sandbox::new();
        let outcome = sandbox.run(&words);
        assert_eq!(outcome.status, Some(0), "{words}: {outcome:?}");
        assert!(outcome.stdout == expected, "{words}");
    }
}

#[test]
fn after_two_dashes_nothing_is_an_option() {
    let sandbox = Sandbox::new();
    sandbox.run("-o out -r {http-ipv4.pcap} -- -c").fails(1, &["-c"]);
}

#[test]
fn usage_errors_are_one_line_and_exit_2() {
    for (words, culprits) in [
        ("-k", vec!["-k"]),
        ("--bogus", vec!["--bogus"]),
        ("-r", vec!["read"]),
        ("-b x -r in", vec!["-b", "x"]),
        ("-m -1 -r in", vec!["-m", "-1"]),
        ("-f 99999999999999999999999 -r in", vec!["-f"]),
        ("--ver", vec!["--ver", "ambiguous"]),
        ("--version=3", vec!["--version"]),
    ] {
        let sandbox = Sandbox::new();
        sandbox.run(words).fails(2, &culprits);
        assert!(sandbox.names(".").is_empty(), "{words} made a file");
    }
}

#[test]
fn options_that_make_no_sense_are_one_line_and_exit_1() {
    for (words, line) in [
        ("-e nothing", "Invalid scanner name 'nothing'"),
        ("-E HTTP", "Invalid scanner name 'HTTP'"),
        ("-x none", "Invalid scanner name 'none'"),
        ("-e http -FX", "ERROR: post_processing currently requires storing output."),
        ("-a -FX", "ERROR: post_processing currently requires storing output."),
        ("-z /tmp", "tcpflow: -z option requires -U option"),
    ] {
        let sandbox = Sandbox::new();
        let outcome = sandbox.run(&format!("{words} -o out -r {{http-ipv4.pcap}}"));
        assert_eq!(outcome.status, Some(1), "{words}: {outcome:?}");
        assert_eq!(outcome.stderr, format!("{line}\n"), "{words}");
        assert!(!sandbox.path("out").exists(), "{words}");
    }
    for (words, culprits) in [
        ("-S tdelta", vec!["tdelta"]),
        ("-S nonsense=1", vec!["nonsense"]),
        ("-S tcp_timeout=soon", vec!["tcp_timeout", "soon"]),
        ("-U no-such-user", vec!["no-such-user"]),
        ("-o /dev/null", vec!["/dev/null"]),
    ] {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("-o out {words} -r {{http-ipv4.pcap}}")).fails(1, &culprits);
    }
}

#[test]
fn fx_is_no_contradiction_without_post_processing() {
    for words in ["-x http -FX", "-FXM"] {
        let sandbox = Sandbox::new();
        sandbox.run(&format!("{words} -o out -r {{http-ipv4.pcap}}")).succeeds();
        assert_eq!(sandbox.report("out/report.xml").flows.len(), 2, "{words}");
    }
}

#[test]
fn information_goes_to_standard_output() {
    let sandbox = Sandbox::new();
    let asked = |words: &str| {
        let outcome = sandbox.run(words);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{words}");
        outcome.text().to_owned()
    };
    let version = asked("-V");
    assert_eq!(version, format!("TCPFLOW {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(asked("--version"), version);
    let help = asked("-h");
    assert_eq!(asked("--help"), help);
    assert_eq!(asked("-r none -h port 80"), help);
    for option in tcpflow::cli::options::OPTIONS.iter().filter_map(|option| option.short) {
        assert!(help.contains(&format!("-{option},")), "-{option} is not in -h");
    }
    let more = asked("-hh");
    assert!(more.len() > help.len() && more.contains("%A") && more.contains("tcp_timeout"));
    let scanners = asked("-H");
    for name in ["md5", "http", "netviz", "tcpdemux", "wifiviz", "tdelta", "check_fcs"] {
        assert!(scanners.contains(name), "{name} is not in -H");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(asked(&format!("--generate complete-{shell}")).contains("tcpflow"), "{shell}");
    }
    assert!(sandbox.names(".").is_empty());
}

#[test]
fn the_obsolete_a_is_ignored_with_a_line() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-AH -o out -r {http-ipv4.pcap}");
    assert_eq!(outcome.status, Some(0));
    assert_eq!(outcome.complaints(), ["-AH has been deprecated. Just use -a"]);
    assert_eq!(sandbox.names("out").len(), 2);
}

#[test]
fn d_0_leaves_only_errors_and_where_the_report_is() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-d 0 -o out -r missing -r {truncated.pcap}");
    assert_eq!(outcome.status, Some(1));
    assert_eq!(outcome.complaints().len(), 2, "{outcome:?}");
    assert!(outcome.stderr.contains("reportfilename: out/report.xml\n"));
}

/// A negative or unreadable level means 1, which is no error.
#[test]
fn d_takes_whatever_it_is_given() {
    for level in ["-1", "x", "3", "999999999999999"] {
        let sandbox = Sandbox::new();
        let outcome = sandbox.run(&format!("-d {level} -o out -r {{http-ipv4.pcap}}"));
        assert_eq!(outcome.status, Some(0), "-d {level}");
    }
}

#[test]
fn debug_prefix_stands_before_messages() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-S debug-prefix=collector -o out -r missing.pcap");
    assert_eq!(outcome.status, Some(1));
    assert!(outcome.stderr.starts_with("collector: missing.pcap: "), "{outcome:?}");
}
