//! Live capture, which only root may do: on loopback, and between two network namespaces.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::network::{Cable, inside};
use crate::support::sandbox::{Outcome, Running, Sandbox, is_root, skip, wait_until};

/// Starts a capture and waits until it listens.
fn listen(sandbox: &Sandbox, arguments: &str) -> Running {
    let running = sandbox.start(&format!("{arguments} -o out"));
    running.says("listening on ");
    running
}

/// Ends a capture as ^C does.
fn interrupt(running: Running) -> Outcome {
    running.signal(Signal::INT);
    let outcome = running.finish();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("tcpflow: terminating orderly\n"), "{outcome:?}");
    let counts = outcome.stderr.matches("packets received, 0 dropped by the kernel").count();
    assert_eq!(counts, 1, "{outcome:?}");
    outcome
}

/// Both ends of a connection on loopback, which both close at the end.
fn connection() -> (TcpStream, TcpStream, [String; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let [from, to] = [&client, &server].map(|end| end.local_addr().unwrap().port());
    let name = |from, to| format!("out/127.000.000.001.{from:05}-127.000.000.001.{to:05}");
    (client, server, [name(from, to), name(to, from)])
}

#[test]
fn loopback_with_a_filter() {
    if !is_root() {
        skip("live capture on loopback", "only root may capture");
        return;
    }
    let sandbox = Sandbox::new();
    let (mut client, mut server, [request, response]) = connection();
    let (mut other, _other_end, [other_name, _]) = connection();
    let port = client.local_addr().unwrap().port();
    let running = listen(&sandbox, &format!("-i lo tcp port {port}"));

    client.write_all(b"question").unwrap();
    let mut asked = [0; 8];
    server.read_exact(&mut asked).unwrap();
    other.write_all(b"not for us").unwrap();

    // People watch the folder: the file is there at once, its bytes within a second.
    wait_until("the file of the first flow", || sandbox.path(&request).exists());
    thread::sleep(Duration::from_secs(1));
    assert_eq!(sandbox.read(&request), b"question", "pending bytes a second later");

    server.write_all(b"answer").unwrap();
    wait_until("the file of the second flow", || sandbox.path(&response).exists());
    drop((client, server));
    thread::sleep(Duration::from_millis(100));
    interrupt(running);
    assert_eq!(sandbox.read(&request), b"question");
    assert_eq!(sandbox.read(&response), b"answer");
    assert!(!sandbox.path(&other_name).exists(), "the filter let it through");
    let report = sandbox.report("out/report.xml");
    assert_eq!(report.flow(&request).filesize, "8");
    assert_eq!(report.texts["interface"], "lo");
    let received: u32 = report.texts["packets_received"].parse().unwrap();
    assert!(received >= 2, "{received} packets received");
    assert_eq!(report.texts["packets_dropped_by_kernel"], "0");
    assert_eq!(report.texts["packets_unread"], "0");
}

#[test]
fn the_console_shows_packets_at_once() {
    if !is_root() {
        skip("live console", "only root may capture");
        return;
    }
    let sandbox = Sandbox::new();
    let (mut client, _server, [name, _]) = connection();
    let port = client.local_addr().unwrap().port();
    let running = listen(&sandbox, &format!("-c -i lo tcp port {port}"));
    client.write_all(b"visible").unwrap();
    let header = format!("{name}: visible\n");
    wait_until("the packet on the console", || running.printed() >= header.len());
    let outcome = interrupt(running);
    assert_eq!(outcome.text(), header);
}

#[test]
fn a_bad_filter_ends_the_run_before_it_listens() {
    if !is_root() {
        skip("live capture with a bad filter", "only root may capture");
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.run("-i lo -o out no such thing").fails(1, &["no such thing"]);
}

#[test]
fn a_device_that_is_not_there_is_told() {
    let sandbox = Sandbox::new();
    sandbox.run("-i no-such-device -o out").fails(1, &["no-such-device"]);
}

/// A megabyte crosses a real link, with offloading and all, and arrives whole in the file.
#[test]
fn between_two_network_namespaces() {
    if !is_root() {
        skip("live capture between namespaces", "only root may make them");
        return;
    }
    let Some(cable) = Cable::lay("two-hosts") else { return };
    let sandbox = Sandbox::new();
    let running = sandbox.start_inside(&cable.right, "-i right -e md5 -o out tcp");
    running.says("listening on ");

    let listener = inside(&cable.right, || TcpListener::bind("192.0.2.2:8080").unwrap());
    let content: Vec<u8> = (0..250_000u32).flat_map(|number| number.to_be_bytes()).collect();
    let server = thread::spawn(move || {
        let (mut end, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        end.read_to_end(&mut received).unwrap();
        end.write_all(b"thanks").unwrap();
        received
    });
    let sent = content.clone();
    let port = inside(&cable.left, move || {
        let mut end = TcpStream::connect("192.0.2.2:8080").unwrap();
        end.write_all(&sent).unwrap();
        end.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        end.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "thanks");
        end.local_addr().unwrap().port()
    });
    assert!(server.join().unwrap() == content);

    let there = format!("out/192.000.002.001.{port:05}-192.000.002.002.08080");
    let back = format!("out/192.000.002.002.08080-192.000.002.001.{port:05}");
    wait_until("the whole stream in its file", || {
        sandbox.path(&there).metadata().is_ok_and(|file| file.len() == content.len() as u64)
    });
    wait_until("the answer in its file", || {
        sandbox.path(&back).metadata().is_ok_and(|file| file.len() == 6)
    });
    interrupt(running);
    let captured = sandbox.read(&there);
    let wrong = captured.iter().zip(&content).filter(|(captured, sent)| captured != sent).count();
    assert_eq!((captured.len(), wrong), (content.len(), 0), "bytes captured, and wrong among them");
    assert_eq!(sandbox.read(&back), b"thanks");
    let report = sandbox.report("out/report.xml");
    let flow = report.flow(&there);
    assert_eq!(flow.filesize, content.len().to_string());
    assert!(flow.md5.is_some());
}
