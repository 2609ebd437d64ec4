//! Which bytes of a stream are bodies, rule by rule.

use super::*;

/// What remains if a response is damaged, and no later byte can begin one.
const NOTHING: &str = "";
/// What is found if the response is read and ends where it should.
const BOTH: &str = "001=hello 002.gif=GIF";

fn to_the_end(body: &str) -> String {
    format!("001={body}{NEXT}")
}

#[test]
fn short_streams_and_others_are_not_scanned() {
    let line = "HTTP/1.1 200 OK\r\n\r\n";
    let long = format!("{line}{}", "x".repeat(80 - line.len()));
    assert_eq!(bodies(&long).len(), 1);
    assert_eq!(bodies(&long[..79]), []);
    for other in ["HTTP/2.1", "\r\nHTTP/1.1", "http/1.1", "GET / HTTP/1.1"] {
        assert_eq!(bodies(&long.replace("HTTP/1.1", other)), [], "{other:?}");
    }
    assert_eq!(bodies(&long.replace("HTTP/1.1", "HTTP/1.9")).len(), 1);
}

#[test]
fn names_have_number_and_extension() {
    let one = "HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; x\r\nContent-Length: 1\r\n\r\na";
    let stream = one.repeat(1000);
    let all = bodies(&stream);
    assert_eq!(all.first().map(|body| body.0.as_str()), Some("001.html"));
    assert_eq!(all.last().map(|body| body.0.as_str()), Some("1000.html"));
    assert_eq!(all.last().map(|body| body.1), Some(one.len() as u64 * 1000 - 1));
}

#[test]
fn empty_responses_use_up_a_number() {
    let stream = format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 X\r\n\r\n{NEXT}");
    assert_eq!(found(&stream), "003.gif=GIF");
    assert_eq!(response("Content-Length: 0", ""), "002.gif=GIF");
}

#[test]
fn status_lines() {
    for (line, good) in [
        ("HTTP/1.1   200 OK", true),
        ("HTTP/1.1 200", true),
        ("HTTP/1.1 0 x", true),
        ("HTTP/1.1 999 \u{1}\u{7f}", true),
        ("HTTP/1.1 1000 OK", false),
        ("HTTP/1.1 200OK", false),
        ("HTTP/1.1 abc", false),
        ("HTTP/1.10 200 OK", false),
        ("HTTP/1.1", false),
        ("HTTP/1.1\t200 OK", false),
        ("HTTP/1.1 200 O\rK", false),
    ] {
        let stream = format!("{line}\r\n{PAD}Content-Length: 5\r\n\r\nhello{NEXT}");
        assert_eq!(found(&stream), if good { BOTH } else { NOTHING }, "{line:?}");
    }
}

#[test]
fn bare_line_feeds_end_lines() {
    let stream = format!("HTTP/1.1 200 OK\n{PAD}Content-Length: 5\n\nhello\n\r\n\n{NEXT}");
    assert_eq!(found(&stream), BOTH);
}

#[test]
fn a_carriage_return_ends_lines_only_with_its_line_feed() {
    assert_eq!(response("X: a\rb\r\nContent-Length: 5", "hello"), NOTHING);
    assert_eq!(response("X:\ra\r\nContent-Length: 5", "hello"), NOTHING);
    let stream = format!("HTTP/1.1 200 OK\r\n{PAD}Content-Length: 5\r\n\rhello{NEXT}");
    assert_eq!(found(&stream), NOTHING);
}

#[test]
fn field_names_are_tokens() {
    for (field, good) in [
        ("!#$%&'*+-.^_`|~09azAZ: x", true),
        (": x", false),
        ("a b: x", false),
        ("a : x", false),
        ("a(: x", false),
        ("no colon", false),
        ("\ta: x", false),
    ] {
        let fields = format!("Content-Length: 5\r\n{field}");
        // A blank at the start of a line continues the field before.
        let wanted = if good { BOTH } else { NOTHING };
        assert_eq!(response(&fields, "hello"), wanted, "{field:?}");
    }
}

#[test]
fn values_have_no_control_characters_but_at_their_start() {
    for (value, good) in
        [("a\tb é", true), ("\u{1}a", true), ("a\u{1}", false), ("a\u{7f}", false), ("a\0", false)]
    {
        let fields = format!("X: {value}\r\nContent-Length: 5");
        assert_eq!(response(&fields, "hello"), if good { BOTH } else { NOTHING }, "{value:?}");
    }
}

#[test]
fn folded_values_go_on() {
    let folded = "Content-Type: text/\r\n html\r\nContent-Length: 5";
    assert_eq!(response(folded, "hello"), BOTH, "the blank is part of the value");
    let after = "Content-Type:\r\n text/html\r\nContent-Length: 5";
    assert_eq!(response(after, "hello"), "001.html=hello 002.gif=GIF");
}

#[test]
fn of_repeated_types_the_last_one_counts() {
    let twice = "Content-Type: text/html\r\nContent-Type: text/css\r\nContent-Length: 5";
    assert_eq!(response(twice, "hello"), "001.css=hello 002.gif=GIF");
    let none = "Content-Type: text/html\r\nContent-Type:\r\nContent-Length: 5";
    assert_eq!(response(none, "hello"), BOTH);
}

#[test]
fn content_lengths() {
    for (value, good) in [
        ("5", true),
        ("005", true),
        ("5  ", true),
        ("\r\n 5", true),
        ("5\r\n  ", true),
        ("5\r\n\t", true),
        ("", false),
        ("-5", false),
        ("5a", false),
        ("5\t", false),
        ("5, 5", false),
        ("1\r\n 5", false),
        ("99999999999999999999", false),
        ("5\r\nContent-Length: 5", false),
    ] {
        let fields = format!("CONTENT-length: {value}");
        let wanted = if good { BOTH } else { NOTHING };
        assert_eq!(response(&fields, "hello"), wanted, "{value:?}");
    }
    assert_eq!(response("Content-Length: 9999999999999999999", "hello"), to_the_end("hello"));
}

#[test]
fn two_ways_to_tell_the_length_are_one_too_many() {
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(response("Content-Length: 5\r\nTransfer-Encoding: chunked", chunks), NOTHING);
    assert_eq!(response("Transfer-Encoding: identity\r\nContent-Length: 5", "hello"), NOTHING);
    assert_eq!(response("Transfer-Encodings: x\r\nContent-Length: 5", "hello"), NOTHING);
}

#[test]
fn without_a_length_a_body_goes_to_the_end() {
    assert_eq!(response("Connection: keep-alive", "hello"), to_the_end("hello"));
    assert_eq!(response("Transfer-Encoding: gzip", "hello"), to_the_end("hello"));
    let last_counts = "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip";
    assert_eq!(response(last_counts, "hello"), to_the_end("hello"));
}

#[test]
fn connection_close_does_not_end_the_reading() {
    assert_eq!(response("Content-Length: 5\r\nConnection: close", "hello"), BOTH);
}

#[test]
fn a_length_counts_even_where_there_should_be_no_body() {
    for code in [100, 204, 304] {
        let stream = format!("HTTP/1.1 {code} X\r\n{PAD}Content-Length: 5\r\n\r\nhello{NEXT}");
        assert_eq!(found(&stream), BOTH, "{code}");
    }
}

#[test]
fn chunked_bodies_are_put_together() {
    for chunks in [
        "5\r\nhello\r\n0\r\n\r\n",
        "2\r\nhe\r\n03\r\nllo\r\n000\r\n\r\n",
        "5;a=b;c\nd\r\nhello\r\n0 \r\n\r\n",
        "5 \r\nhello\r\n0;x\r\nX-T: y\r\n folded\r\n\r\n",
    ] {
        assert_eq!(response("Transfer-Encoding: chunked", chunks), BOTH, "{chunks:?}");
    }
    let hex = "0a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n";
    assert_eq!(
        response("TRANSFER-ENCODING: gzip, CHUNKED", hex),
        "001=01234567890123456789 002.gif=GIF"
    );
}

#[test]
fn the_offset_of_a_chunked_body_is_that_of_its_first_data() {
    let stream = format!(
        "HTTP/1.1 200 OK\r\n{PAD}Transfer-Encoding: chunked\r\n\r\n5;ext\r\nhello\r\n0\r\n\r\n"
    );
    let wanted = stream.find("hello").expect("it is there") as u64;
    assert_eq!(bodies(&stream), [("001".to_owned(), wanted, "hello".to_owned())]);
}

#[test]
fn damaged_chunk_sizes_end_a_body() {
    for damage in ["zz\r\n", "5\nhello\n0\n\n", "fffffffffffffffff\r\n", ";\r\n", "6\rXhello\r\n"] {
        let chunks = format!("5\r\nhello\r\n{damage}");
        assert_eq!(response("Transfer-Encoding: chunked", &chunks), "001=hello", "{damage:?}");
    }
}

#[test]
fn a_chunk_of_the_wrong_size_is_taken_back() {
    let wrong = "2\r\nhe\r\n3\r\nlloXX0\r\n\r\n";
    assert_eq!(response("Transfer-Encoding: chunked", wrong), "001=he");
    // Only the byte right behind the data tells.
    let half_right = "2\r\nhe\r\n3\r\nllo\rX0\r\n\r\n";
    assert_eq!(response("Transfer-Encoding: chunked", half_right), "001=hello");
}

#[test]
fn trailers_follow_the_rules_for_fields() {
    let trailer = |line: &str| format!("5\r\nhello\r\n0\r\n{line}\r\n\r\n");
    for good in ["Content-Length: 3", "Content-Type: text/html", "Transfer-Encoding: x"] {
        assert_eq!(response("Transfer-Encoding: chunked", &trailer(good)), BOTH, "{good:?}");
    }
    for bad in ["no colon", "Content-Length: x"] {
        assert_eq!(response("Transfer-Encoding: chunked", &trailer(bad)), "001=hello", "{bad:?}");
    }
}

#[test]
fn what_is_cut_off_is_kept_but_for_header_blocks() {
    let head = format!("HTTP/1.1 200 OK\r\n{PAD}");
    assert_eq!(found(&format!("{head}Content-Length: 50\r\n\r\nhello")), "001=hello");
    assert_eq!(found(&format!("{head}Transfer-Encoding: chunked\r\n\r\n50\r\nhello")), "001=hello");
    assert_eq!(found(&format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello")), "001=hello");
    assert_eq!(found(&format!("{head}Content-Length: 50\r\n")), NOTHING);
}

#[test]
fn reading_begins_anew_where_it_failed_and_numbers_go_on() {
    // The last chunk is missing, so that `H` is taken for a chunk's size.
    let chunked =
        format!("HTTP/1.1 200 OK\r\n{PAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    let stream = format!("{chunked}{NEXT}{NEXT}");
    let offsets = bodies(&stream).iter().map(|body| body.1).collect::<Vec<_>>();
    assert_eq!(found(&stream), "001=hello 002.gif=GIF 003.gif=GIF");
    let gif = (NEXT.len() - 3) as u64;
    let start = chunked.len() as u64;
    assert_eq!(offsets, [start - 7, start + gif, start + gif + NEXT.len() as u64]);
}

#[test]
fn what_cannot_begin_a_response_ends_the_reading() {
    let stream = format!("{NEXT}{NEXT}XX{NEXT}");
    assert_eq!(found(&stream), "001.gif=GIF 002.gif=GIF");
    let once = format!("{NEXT}HHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(found(&once), "001.gif=GIF 003=hello", "the second H is where it failed");
}

#[test]
fn another_protocol_ends_the_reading() {
    let head =
        |code| format!("HTTP/1.1 {code} X\r\n{PAD}Upgrade: x\r\nConnection: foo, Upgrade\r\n");
    let stream = format!("{}\r\n{NEXT}", head(101));
    let memory = scan_with(stream.as_bytes(), OPTIONS);
    assert_eq!((memory.bodies.len(), &memory.notes[..]), (0, &[Note::Upgraded][..]));
    let with_body = format!("{}Content-Length: 5\r\n\r\nhello{NEXT}", head(101));
    assert_eq!(found(&with_body), "001=hello");
    let not_101 = format!("{}Content-Length: 5\r\n\r\nhello{NEXT}", head(200));
    assert_eq!(found(&not_101), BOTH);
    let no_connection = format!("HTTP/1.1 101 X\r\n{PAD}Upgrade: x\r\n\r\n{NEXT}");
    assert_eq!(found(&no_connection), "002.gif=GIF");
    let no_value = head(101).replace("Upgrade: x", "Upgrade:");
    assert_eq!(found(&format!("{no_value}\r\n{NEXT}")), "002.gif=GIF");
}

#[test]
fn header_blocks_have_a_limit() {
    let limit = limit::HEADER_LIMIT;
    let tail = "\r\nContent-Length: 5\r\n\r\n";
    let start = "HTTP/1.1 200 OK\r\nX: ";
    let block = |size: usize| {
        let fill = "a".repeat(size - start.len() - tail.len());
        format!("{start}{fill}{tail}hello{NEXT}")
    };
    assert_eq!(found(&block(limit)), BOTH);
    assert_eq!(found(&block(limit + 1)), NOTHING);
    // An overlong value is found too long at its end, where reading begins anew.
    let long = format!("{start}{}\r\n{NEXT}", "a".repeat(limit));
    assert_eq!(found(&long), "002.gif=GIF");
    let long_name = format!("HTTP/1.1 200 OK\r\n{}: x", "a".repeat(limit));
    assert_eq!(found(&long_name), NOTHING);
    // A long status line is found too long at once.
    let reason = format!("HTTP/1.1 200 {}", "H".repeat(limit));
    let number = format!("{reason}TTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(found(&number).split('=').next_back(), Some("hello"));
}

#[test]
fn line_ends_between_responses_count_towards_the_limit() {
    let ends = |count: usize| format!("{NEXT}{}{NEXT}", "\n".repeat(count));
    assert_eq!(found(&ends(limit::HEADER_LIMIT / 2)), "001.gif=GIF 002.gif=GIF");
    // Beyond the limit reading begins anew and finds the response all the same.
    assert_eq!(found(&ends(limit::HEADER_LIMIT * 2)), "001.gif=GIF 002.gif=GIF");
}

/// Regression: its end counted as an error, and what followed was not found.
#[test]
fn a_body_that_cannot_be_stored_costs_no_other() {
    let head = format!("HTTP/1.1 200 OK\r\n{PAD}");
    for body in [
        "Content-Length: 5\r\n\r\nhello",
        "Content-Length: 0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        let stream = format!("{head}{body}{NEXT}");
        for pieces in [usize::MAX, 1] {
            let sink = Memory { refused: Some("-HTTPBODY-001"), ..Memory::default() };
            let scanner = Scanner::new(OPTIONS);
            let memory = scan_in_pieces(stream.as_bytes(), &[pieces], scanner, sink);
            let names: Vec<_> = memory.bodies.iter().map(|body| body.0.as_str()).collect();
            assert_eq!(names, ["-HTTPBODY-002.gif"], "{body:?}");
        }
    }
}

#[test]
fn a_failed_write_costs_the_rest_of_that_body_only() {
    let stream = format!(
        "HTTP/1.1 200 OK\r\n{PAD}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n1\r\n!\r\n\
         0\r\n\r\n{NEXT}"
    );
    let sink = Memory { room: Some(3), ..Memory::default() };
    let memory = scan_in_pieces(stream.as_bytes(), &[usize::MAX], Scanner::new(OPTIONS), sink);
    let bodies = memory.bodies.iter().map(|body| body.2.as_slice()).collect::<Vec<_>>();
    assert_eq!(bodies, [&b"he"[..], b"GIF"]);
}
