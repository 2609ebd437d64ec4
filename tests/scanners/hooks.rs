//! Commands that are run on files, and descriptors that hear of them.

use std::collections::BTreeSet;
use std::fs;

use crate::support::packets::{ACK, Connection, SYN, Side};
use crate::support::sandbox::{Outcome, Sandbox, expand};
use crate::web::{CLIENT_FLOW, SERVER_FLOW, connection, exchange, head, request, response};

/// A connection from this port, with a page that tells it.
fn page_for(port: u16) -> Connection {
    let page = response("Content-Type: text/html\r\n", format!("<p>{port}</p>").as_bytes());
    Connection::between(&format!("10.0.0.1:{port}"), "10.0.0.2:80")
        .handshake()
        .says(Side::Client, &request("GET", "/"))
        .says(Side::Server, &page)
        .goodbye()
}

/// Runs the program with these arguments, which may contain blanks.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    sandbox.run_with(arguments.iter().map(|word| expand(word)))
}

/// What a command has written into the log, each with a NUL behind it.
fn log(sandbox: &Sandbox) -> Vec<String> {
    let log = String::from_utf8(sandbox.read("log")).expect("text");
    let mut words: Vec<_> = log.split_terminator('\0').map(str::to_owned).collect();
    words.sort();
    words
}

/// A shell that took the path for words of its own would fail, or run what the path says.
#[test]
fn commands_get_the_path_as_one_word_whatever_is_in_it() {
    for odd in [
        "two words  and more ",
        "quotes ' and \" and '\\''",
        "$(touch owned) `touch owned` ;touch owned;",
        "line\nbreak\n",
        "*?[a] ~ \\ & | > owned # $1 ${HOME}",
        "ünï\tcödé",
    ] {
        let sandbox = Sandbox::new();
        sandbox.capture("web.pcap", [page_for(40000)]);
        let template = format!("{odd}%a-%b");
        let tcp = r"tcp_cmd=printf '%s\0' >>log";
        let http = r"http_cmd=test -f x -o 1 && printf '%s\0' >>log";
        run(&sandbox, &["-e", "http", "-T", &template, "-S", tcp, "-S", http, "-r", "web.pcap"])
            .succeeds();
        let names: Vec<_> =
            sandbox.names("").into_iter().filter(|name| name.contains("40000")).collect();
        assert_eq!(names.len(), 3, "{odd:?}: {names:?}");
        let paths: Vec<_> = names.iter().map(|name| format!("./{name}")).collect();
        let told: Vec<_> = log(&sandbox)
            .into_iter()
            .map(|path| if path.starts_with("./") { path } else { format!("./{path}") })
            .collect();
        assert_eq!(told, paths, "{odd:?}");
        assert!(!sandbox.path("owned").exists(), "{odd:?}");
    }
}

#[test]
fn commands_are_lines_of_shell_in_the_folder_where_the_program_runs() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [page_for(40000)]);
    let command = "http_cmd=x=5; wc -c <";
    let outcome = run(&sandbox, &["-e", "http", "-o", "out", "-S", command, "-r", "web.pcap"]);
    assert_eq!(outcome.succeeds().text().trim(), "12");
}

/// There is no path where no file is written, and so nothing to run a command on.
#[test]
fn nothing_is_run_where_there_is_no_file() {
    let sandbox = Sandbox::new();
    let silent = Connection::between("10.0.0.1:40001", "10.0.0.2:80").handshake();
    let empty = Connection::between("10.0.0.1:40002", "10.0.0.2:80").handshake();
    let empty = empty.says(Side::Server, &head("204 No Content", ""));
    sandbox.capture("web.pcap", [silent, empty]);
    let tcp = r"tcp_cmd=printf '%s\0' >>log";
    let http = r"http_cmd=printf 'body of %s\0' >>log";
    run(&sandbox, &["-e", "http", "-o", "out", "-S", tcp, "-S", http, "-r", "web.pcap"]).succeeds();
    assert_eq!(log(&sandbox), ["out/010.000.000.002.00080-010.000.000.001.40002"]);
    fs::remove_file(sandbox.path("log")).expect("the log");
    run(&sandbox, &["-FX", "-o", "out", "-S", tcp, "-r", "web.pcap"]).succeeds();
    assert!(!sandbox.path("log").exists());
}

/// In the original the children shared the capture's descriptor with the program, whose position
/// they moved when they ended, so that the rest of a large capture was read as garbage.
#[test]
fn commands_do_not_disturb_the_reading_of_the_capture() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", (0..400).map(|n| page_for(40000 + n)));
    assert!(sandbox.read("web.pcap").len() > 200_000);
    sandbox.run("-e http -o plain -r web.pcap").succeeds();
    let expected = sandbox.tree("plain");
    assert_eq!(expected.len(), 3 * 400);

    let command = ["-e", "http", "-o", "out", "-S", "http_cmd=cat - >/dev/null"];
    run(&sandbox, &[&command[..], &["-r", "web.pcap"]].concat()).succeeds();
    assert!(sandbox.tree("out") == expected, "a file");

    fs::remove_dir_all(sandbox.path("out")).expect("the output");
    let line = "tcpflow -e http -o out -S 'http_cmd=cat - >/dev/null' -r - <web.pcap";
    sandbox.shell(line).succeeds();
    assert!(sandbox.tree("out") == expected, "standard input, a file");

    fs::remove_dir_all(sandbox.path("out")).expect("the output");
    let capture = sandbox.read("web.pcap");
    sandbox.write("hook.sh", "cat - \"$1\" >/dev/null\n");
    sandbox.shell("cat web.pcap | tcpflow -e http -o out -S 'tcp_cmd=sh hook.sh' -r -").succeeds();
    assert!(sandbox.tree("out") == expected, "standard input, a pipe");
    assert_eq!(sandbox.read("web.pcap"), capture);
}

#[test]
fn at_most_ten_commands_run_at_once_and_all_are_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", (0..16).map(|n| page_for(40000 + n)));
    fs::create_dir(sandbox.path("running")).expect("a folder");
    let script = "mkdir running/$$ && ls running | wc -l >>counts && sleep 0.2\n\
        rmdir running/$$ && echo \"$1\" >>done\n";
    sandbox.write("hook.sh", script);
    let hooks = ["-S", "tcp_cmd=sh hook.sh", "-S", "http_cmd=sh hook.sh"];
    run(&sandbox, &[&["-e", "http", "-o", "out", "-r", "web.pcap"][..], &hooks].concat())
        .succeeds();
    let read = |name| String::from_utf8(sandbox.read(name)).expect("text");
    let done: BTreeSet<_> = read("done").lines().map(str::to_owned).collect();
    assert_eq!(done.len(), 3 * 16, "one for each file, all before the end");
    let counts: Vec<usize> =
        read("counts").lines().map(|line| line.trim().parse().expect("a number")).collect();
    let most = counts.iter().max().copied();
    assert!(most > Some(1) && most <= Some(10), "{counts:?}");
    assert_eq!(sandbox.names("running"), Vec::<String>::new());
}

#[test]
fn a_command_that_fails_is_its_own_affair() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [page_for(40000), page_for(40001)]);
    run(&sandbox, &["-o", "failed", "-S", "tcp_cmd=exit 3;", "-r", "web.pcap"]).succeeds();
    let outcome = run(&sandbox, &["-o", "out", "-S", "tcp_cmd=./no-such", "-r", "web.pcap"]);
    assert_eq!(outcome.status, Some(0));
    assert_eq!(sandbox.names("out").len(), 4);
}

/// Two connections whose packets alternate, after one that never says anything.
fn interleaved(sandbox: &Sandbox) {
    use crate::support::captures::{ETHERNET, Pcap, frames};
    use crate::support::packets::ethernet;
    let silent = Connection::between("10.0.0.9:40000", "10.0.0.2:80")
        .segment(Side::Client, SYN, u32::MAX, b"")
        .segment(Side::Client, ACK, 0, b"");
    let [first, second] = [40000, 40001].map(|port| {
        let begin = Connection::between(&format!("10.0.0.1:{port}"), "10.0.0.2:80").handshake();
        let page = response("Content-Type: text/html\r\n", &[b'x'; 40]);
        let (one, other) = page.split_at(90);
        begin
            .says(Side::Client, &request("GET", "/"))
            .says(Side::Server, one)
            .says(Side::Client, &request("GET", "/again"))
            .says(Side::Server, other)
            .says(Side::Server, &head("204 No Content", ""))
            .goodbye()
            .datagrams()
    });
    let pairs = first.into_iter().zip(second).flat_map(|(one, other)| [one, other]);
    let datagrams = silent.datagrams().into_iter().chain(pairs);
    let frames = frames(datagrams.map(|datagram| ethernet(&datagram)));
    sandbox.write("web.pcap", Pcap::of(ETHERNET).write(&frames));
}

/// The original told of every re-opening, and of a flow without a file that nothing was closed.
#[test]
fn each_file_is_told_of_once_when_it_is_opened_and_once_when_it_is_closed() {
    let sandbox = Sandbox::new();
    interleaved(&sandbox);
    let flows: Vec<_> = ["40000", "40001"]
        .iter()
        .flat_map(|port| {
            [
                format!("out/010.000.000.001.{port}-010.000.000.002.00080"),
                format!("out/010.000.000.002.00080-010.000.000.001.{port}"),
            ]
        })
        .collect();
    let [client1, server1, client2, server2] = flows.as_slice() else { unreachable!() };
    let bodies = |server: &str| {
        format!(
            "open\t{server}-HTTPBODY-001.html\nclose\t{server}-HTTPBODY-001.html\n\
             open\t{server}-HTTPBODY-002\n"
        )
    };
    let opened = format!("open\t{client1}\nopen\t{client2}\nopen\t{server1}\nopen\t{server2}\n");
    let flows_alone =
        format!("{opened}close\t{client1}\nclose\t{client2}\nclose\t{server1}\nclose\t{server2}\n");
    let both = format!(
        "{opened}close\t{client1}\nclose\t{client2}\n{}close\t{server1}\n{}close\t{server2}\n",
        bodies(server1),
        bodies(server2)
    );
    let bodies_alone = format!("{}{}", bodies(server1), bodies(server2));
    for (hooks, expected) in [
        ("-S tcp_alert_fd=3", &flows_alone),
        // With one descriptor for all files each is opened again and again.
        ("-f 1 -S tcp_alert_fd=3", &flows_alone),
        ("-S tcp_alert_fd=3 -S http_alert_fd=3", &both),
        ("-f 2 -S tcp_alert_fd=3 -S http_alert_fd=3", &both),
        ("-S http_alert_fd=3", &bodies_alone),
        ("", &String::new()),
    ] {
        let line = format!("tcpflow -e http {hooks} -o out -r web.pcap 3>alerts");
        sandbox.shell(&line).succeeds();
        fs::remove_dir_all(sandbox.path("out")).expect("the output");
        let alerts = String::from_utf8(sandbox.read("alerts")).expect("text");
        assert_eq!(alerts, *expected, "{hooks}");
    }
}

#[test]
fn a_file_is_there_when_it_is_told_of_and_complete_when_it_is_closed() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
    // The reader looks at each file at the moment when it hears of it.
    sandbox.write(
        "reader.sh",
        "while IFS='\t' read -r event path; do\n\
         test -f \"$path\" || echo missing\n\
         case $event in close) wc -c <\"$path\";; esac; done\n",
    );
    let line = "tcpflow -e http -S tcp_alert_fd=3 -S http_alert_fd=3 -o out -r web.pcap 3>&1 \
        >/dev/null | sh reader.sh";
    let outcome = sandbox.shell(line);
    let size = |name: &str| sandbox.read(&format!("out/{name}")).len();
    let body = format!("{SERVER_FLOW}-HTTPBODY-001");
    let expected = [CLIENT_FLOW, body.as_str(), SERVER_FLOW].map(size);
    let told: Vec<usize> =
        outcome.text().split_whitespace().map(|size| size.parse().expect("a size")).collect();
    assert_eq!(told, expected);
}

#[test]
fn descriptors_that_are_not_open_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [page_for(40000)]);
    for hook in ["tcp_alert_fd=99", "http_alert_fd=99"] {
        let outcome = sandbox.run(&format!("-e http -S {hook} -o out -r web.pcap"));
        outcome.fails(1, &["descriptor 99"]);
    }
}

/// Nobody is helped by a line for each of a million flows.
#[test]
fn a_reader_that_is_gone_is_mentioned_once() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", (0..50).map(|n| page_for(40000 + n)));
    let line = "tcpflow -S tcp_alert_fd=3 -o out -r web.pcap 3</dev/null";
    sandbox.shell(line).fails(1, &["descriptor 3"]);
    assert_eq!(sandbox.names("out").len(), 2 * 50);
}

/// With no name of its own, a connection's file still gets its commands.
#[test]
fn commands_run_for_every_flow_of_a_name() {
    let sandbox = Sandbox::new();
    let again = || connection().says(Side::Client, b"hello").goodbye();
    sandbox.capture("web.pcap", [again(), again().client_isn(5)]);
    let command = r"tcp_cmd=printf '%s\0' >>log";
    run(&sandbox, &["-o", "out", "-S", command, "-r", "web.pcap"]).succeeds();
    assert_eq!(log(&sandbox).len(), sandbox.names("out").len());
}
