//! Responses to HEAD, told apart with the help of the requests.

use super::*;
use Method::{Head, Other};

fn with_requests(stream: &str, methods: &[Method]) -> Vec<String> {
    let scan = |sizes| {
        let mut scanner = Scanner::new(OPTIONS);
        scanner.add_requests(methods);
        scan_in_pieces(stream.as_bytes(), sizes, scanner, Memory::default())
    };
    let whole = scan(&[usize::MAX]);
    assert_eq!(whole, scan(&[1]), "the cutting made a difference");
    let text = |(suffix, _, bytes): (String, u64, Vec<u8>)| {
        format!("{}={}", suffix.trim_start_matches("-HTTPBODY-"), String::from_utf8_lossy(&bytes))
    };
    whole.bodies.into_iter().map(text).collect()
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nContent-Length: 500\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn without_requests_a_response_swallows_the_next() {
    let stream = format!("{HEAD}{NEXT}");
    assert_eq!(with_requests(&stream, &[]), [format!("001.css={NEXT}")]);
}

#[test]
fn a_response_to_head_has_no_body() {
    for head in [HEAD, CHUNKED, "HTTP/1.1 200 OK\r\n\r\n"] {
        let stream = format!("{head}{NEXT}{head}{NEXT}");
        let methods = [Head, Other, Head, Other];
        assert_eq!(with_requests(&stream, &methods), ["002.gif=GIF", "004.gif=GIF"]);
    }
    assert_eq!(with_requests(&format!("{NEXT}{HEAD}"), &[Other, Head]), ["001.gif=GIF"]);
}

#[test]
fn interim_responses_answer_nothing() {
    let stream = format!("HTTP/1.1 100 Continue\r\n\r\n{HEAD}HTTP/1.1 103 Hints\r\n\r\n{NEXT}");
    assert_eq!(with_requests(&stream, &[Head, Other]), ["004.gif=GIF"]);
}

#[test]
fn a_body_that_is_there_is_believed_rather_than_the_requests() {
    // As when the capture lacks a request: the methods belong to other responses.
    for body in ["GIF", "HTTP/1,", "H", "HTTP/2."] {
        let length = body.len();
        let one = format!("HTTP/1.1 200 OK\r\n{PAD}Content-Length: {length}\r\n\r\n{body}");
        let wanted = [format!("001={body}"), format!("002={body}")];
        assert_eq!(with_requests(&one.repeat(2), &[Head, Head]), wanted);
    }
}

#[test]
fn after_damage_requests_are_no_longer_assigned() {
    let stream = format!("{CHUNKED}5\r\nhello\r\n{HEAD}{NEXT}");
    let wanted = ["001=hello".to_owned(), format!("002.css={NEXT}")];
    assert_eq!(with_requests(&stream, &[Other, Head, Other]), wanted);
}
