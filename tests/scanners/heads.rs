//! Responses to HEAD: they look as if a body followed, and only the requests tell that none does.

use crate::support::packets::{ACK, Connection, FIN, PSH, RST, Side};
use crate::support::sandbox::Sandbox;
use crate::web::{SERVER_FLOW, connection, head, request, response};

/// The bodies of a connection, by their numbers.
fn bodies(connection: Connection) -> Vec<(String, String)> {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [connection]);
    sandbox.run("-e http -o out -r web.pcap").succeeds();
    let files = sandbox.tree("out").into_iter();
    files
        .filter_map(|(name, content)| {
            let number = name.strip_prefix(SERVER_FLOW)?.strip_prefix("-HTTPBODY-")?.to_owned();
            Some((number, String::from_utf8(content).expect("text")))
        })
        .collect()
}

/// A response that promises a page.
fn promise() -> Vec<u8> {
    head("200 OK", "Content-Length: 1000\r\n")
}

fn page() -> Vec<u8> {
    response("", b"the page")
}

const PAGE_ALONE: [(&str, &str); 1] = [("002", "the page")];

#[track_caller]
fn assert_page_alone(connection: Connection, what: &str) {
    let found = bodies(connection);
    let found: Vec<_> = found.iter().map(|(n, body)| (n.as_str(), body.as_str())).collect();
    assert_eq!(found, PAGE_ALONE, "{what}");
}

/// HEAD and GET with their responses; nobody has closed yet.
fn talk() -> Connection {
    connection()
        .says(Side::Client, &request("HEAD", "/"))
        .says(Side::Server, &promise())
        .says(Side::Client, &request("GET", "/"))
        .says(Side::Server, &page())
}

fn sizes() -> (u32, u32) {
    let asked = request("HEAD", "/").len() + request("GET", "/").len();
    (asked as u32, (promise().len() + page().len()) as u32)
}

#[test]
fn it_does_not_matter_who_closes_first() {
    let (asked, answered) = sizes();
    let close = |c: Connection, side, flags| {
        let end = if side == Side::Client { asked } else { answered };
        c.segment(side, flags, end, b"")
    };
    let fin = FIN | ACK;
    for (what, connection) in [
        ("nobody", talk()),
        ("client, then server", close(close(talk(), Side::Client, fin), Side::Server, fin)),
        ("server, then client", close(close(talk(), Side::Server, fin), Side::Client, fin)),
        ("client alone", close(talk(), Side::Client, fin)),
        ("server alone", close(talk(), Side::Server, fin)),
        ("client aborts", close(talk(), Side::Client, RST)),
        ("server aborts", close(talk(), Side::Server, RST)),
        ("both abort", close(close(talk(), Side::Client, RST), Side::Server, RST)),
    ] {
        assert_page_alone(connection, what);
    }
}

/// A client may say at once all that it has to say, and close its side before any answer.
#[test]
fn a_client_that_closed_before_the_answers_is_remembered() {
    let requests = [request("HEAD", "/"), request("GET", "/")].concat();
    let asked = requests.len() as u32;
    let half_closed = || {
        connection()
            .says(Side::Client, &requests)
            .segment(Side::Client, FIN | ACK, asked, b"")
            .says(Side::Server, &promise())
            .says(Side::Server, &page())
    };
    assert_page_alone(half_closed(), "the server stays open");
    let end = sizes().1;
    let closed = half_closed().segment(Side::Server, FIN | ACK, end, b"");
    assert_page_alone(closed, "the server closes");
    let answers = [promise(), page()].concat();
    let at_once = connection()
        .says(Side::Client, &requests[..5])
        .segment(Side::Client, PSH | FIN, 5, &requests[5..])
        .segment(Side::Server, PSH | FIN, 0, &answers);
    assert_page_alone(at_once, "one packet each");
}

/// Flows are scanned some time after they close, and by then the client may have said more, even
/// something that makes its requests worthless.
#[test]
fn what_comes_after_the_answers_makes_no_difference() {
    let (asked, answered) = sizes();
    let late = talk()
        .segment(Side::Server, FIN | ACK, answered, b"")
        .segment(Side::Client, PSH, asked + 1000, b"out of order")
        .segment(Side::Client, PSH, 0, b"HEAD again");
    assert_page_alone(late, "late packets");
}

/// Regression: a short repetition of the start made all that followed a hole.
#[test]
fn repeated_requests_count_once() {
    let first = request("HEAD", "/");
    let retransmitted = connection()
        .says(Side::Client, &first)
        .segment(Side::Client, PSH, 0, &first)
        .segment(Side::Client, PSH, 0, &first[..9])
        .says(Side::Server, &promise())
        .says(Side::Client, &request("GET", "/"))
        .says(Side::Server, &page());
    assert_page_alone(retransmitted, "retransmitted");
}

/// Without the requests every response is taken at its word, as the original took all: the second
/// one is then the beginning of the first one's body.
#[test]
fn without_the_other_direction_responses_are_taken_at_their_word() {
    let unseen = connection().says(Side::Server, &promise()).says(Side::Server, &page());
    let found = bodies(unseen);
    assert_eq!(found.len(), 1);
    assert!(found[0].0 == "001" && found[0].1.ends_with("the page"), "{found:?}");
}

/// A request is missing from the capture, so that HEAD seems to belong to a response that has a
/// body. It must not be lost.
#[test]
fn a_body_is_never_lost_to_a_head_that_was_not_for_it() {
    let lost = request("GET", "/lost");
    let missing = connection()
        .segment(Side::Client, PSH, lost.len() as u32, &request("HEAD", "/"))
        .says(Side::Server, &page())
        .says(Side::Server, &promise());
    assert_eq!(bodies(missing), [("001".to_owned(), "the page".to_owned())]);
    let misleading = connection()
        .says(Side::Client, &request("HEAD", "/"))
        .says(Side::Server, &page())
        .says(Side::Server, &page());
    let page = || "the page".to_owned();
    assert_eq!(bodies(misleading), [("001".to_owned(), page()), ("002".to_owned(), page())]);
}

/// The same two ports talk again: the methods of the first connection are not those of the second.
#[test]
fn connections_on_the_same_ports_are_told_apart() {
    let sandbox = Sandbox::new();
    let first = talk().goodbye();
    let second = Connection::between("10.0.0.1:40000", "10.0.0.2:80")
        .client_isn(5_000_000)
        .server_isn(7_000_000)
        .handshake()
        .says(Side::Client, &request("GET", "/"))
        .says(Side::Server, &page())
        .goodbye();
    sandbox.capture("web.pcap", [first, second]);
    sandbox.run("-e http -o out -r web.pcap").succeeds();
    let body = |name: &str| sandbox.read(&format!("out/{SERVER_FLOW}{name}"));
    assert_eq!(body("-HTTPBODY-002"), b"the page");
    assert_eq!(body("c1-HTTPBODY-001"), b"the page");
    assert_eq!(sandbox.names("out").len(), 6);
}
