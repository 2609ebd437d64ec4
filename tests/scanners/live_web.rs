//! A web server, a client that downloads from it, and the program listening in between.
//!
//! Needs the right to capture, so it runs as root only.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use rustix::process::Signal;

use crate::support::sandbox::{Running, Sandbox, is_root, skip, wait_until};
use crate::web::{BROTLI, bare_deflate, brotli_text, chunked, gzip, request, text, zlib, zstd};

/// What stands on the server.
struct Page {
    path: &'static str,
    /// Fields of the response that tell how the body is sent.
    fields: String,
    /// The body as it is sent.
    sent: Vec<u8>,
    /// The body as it is meant.
    meant: Vec<u8>,
}

fn sized(path: &'static str, coding: &str, sent: Vec<u8>, meant: Vec<u8>) -> Page {
    let coding = match coding {
        "" => String::new(),
        coding => format!("Content-Encoding: {coding}\r\n"),
    };
    let fields = format!("Content-Type: text/plain\r\n{coding}Content-Length: {}\r\n", sent.len());
    Page { path, fields, sent, meant }
}

fn in_chunks(path: &'static str, coding: &str, body: &[u8], meant: Vec<u8>) -> Page {
    let fields = format!("Content-Type: text/plain\r\n{coding}Transfer-Encoding: chunked\r\n");
    Page { path, fields, sent: chunked(body, &[1000, 17, 40_000]), meant }
}

fn pages() -> Vec<Page> {
    let text = text(250_000);
    let binary: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    vec![
        sized("/plain", "", binary.clone(), binary.clone()),
        in_chunks("/chunked", "", &binary, binary.clone()),
        sized("/gzip", "gzip", gzip(&text), text.clone()),
        in_chunks("/gzip-chunked", "Content-Encoding: gzip\r\n", &gzip(&text), text.clone()),
        sized("/deflate-zlib", "deflate", zlib(&text), text.clone()),
        sized("/deflate-bare", "deflate", bare_deflate(&text), text.clone()),
        sized("/zstd", "zstd", zstd(&text), text),
        sized("/br", "br", BROTLI.to_vec(), brotli_text()),
        sized("/empty", "", Vec::new(), Vec::new()),
    ]
}

/// A field that tells which byte range is wanted, and the entity tag that the client has.
#[derive(Default)]
struct Wishes {
    range: Option<(usize, usize)>,
    has_it: bool,
    close: bool,
}

/// Answers all requests of one connection. The entity tag of every page is `"same"`.
fn serve(stream: TcpStream, pages: &[Page]) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let wishes = read_wishes(&mut reader)?;
        let page = pages.iter().find(|page| page.path == path).expect("a page");
        let (status, fields, body) = match wishes.range {
            _ if wishes.has_it => ("304 Not Modified", String::new(), &[][..]),
            Some((from, to)) => {
                let all = page.sent.len();
                let part = &page.sent[from..=to];
                let fields = format!(
                    "Content-Range: bytes {from}-{to}/{all}\r\nContent-Length: {}\r\n",
                    part.len()
                );
                ("206 Partial Content", fields, part)
            }
            None => ("200 OK", page.fields.clone(), &page.sent[..]),
        };
        let server = "Server: the tests of a program that listens\r\nETag: \"same\"\r\n";
        let close = if wishes.close { "Connection: close\r\n" } else { "" };
        write!(writer, "HTTP/1.1 {status}\r\n{server}{close}{fields}\r\n")?;
        if method != "HEAD" {
            writer.write_all(body)?;
        }
        if wishes.close {
            return Ok(());
        }
    }
}

fn read_wishes(reader: &mut impl io::BufRead) -> io::Result<Wishes> {
    let mut wishes = Wishes::default();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Ok(wishes);
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            let (from, to) = range.split_once('-').expect("a range");
            wishes.range = Some((from.parse().expect("a number"), to.parse().expect("a number")));
        }
        wishes.has_it |= line.starts_with("if-none-match:");
        wishes.close |= line == "connection: close";
    }
}

/// A server on a port of its own; it serves until the tests end.
fn start_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let pages: &[Page] = Vec::leak(pages());
        for stream in listener.incoming().flatten() {
            thread::spawn(|| serve(stream, pages));
        }
    });
    address
}

/// The program listening to a server, and what it is to find.
struct Listening {
    sandbox: Sandbox,
    program: Running,
    server: SocketAddr,
}

impl Listening {
    fn begin(test: &str) -> Option<Self> {
        if !is_root() {
            skip(test, "only root may capture");
            return None;
        }
        let server = start_server();
        let sandbox = Sandbox::new();
        let program = sandbox.start(&format!("-a -o out -i lo tcp port {}", server.port()));
        let report = sandbox.path("out/report.xml");
        wait_until("the program listens", || report.exists());
        Some(Self { sandbox, program, server })
    }

    /// Waits for this many bodies, ends the program, and reads them, by connection and number.
    fn finish(self, expected: usize) -> Vec<Vec<(usize, Vec<u8>)>> {
        let Self { sandbox, program, server } = self;
        let bodies = || {
            let mut names = sandbox.names("out");
            names.retain(|name| name.contains("-HTTPBODY-"));
            names
        };
        // A body is complete when its flow has closed, which is before the page is drawn.
        wait_until("all bodies are there", || bodies().len() >= expected);
        program.signal(Signal::INT);
        let outcome = program.finish();
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        let mut connections = BTreeMap::<String, Vec<(usize, Vec<u8>)>>::new();
        for name in bodies() {
            let (flow, rest) = name.split_once("-HTTPBODY-").expect("a body");
            assert!(flow.contains(&format!(".{:05}-", server.port())), "{name}");
            let number = rest[..3].parse().expect("a number");
            let body = fs::read(sandbox.path(format!("out/{name}"))).expect("a body");
            connections.entry(flow.to_owned()).or_default().push((number, body));
        }
        connections.into_values().collect()
    }
}

#[track_caller]
fn assert_bodies(found: &[(usize, Vec<u8>)], expected: &[(usize, Vec<u8>)]) {
    let shape = |bodies: &[(usize, Vec<u8>)]| -> Vec<_> {
        bodies.iter().map(|(number, body)| (*number, body.len())).collect()
    };
    assert_eq!(shape(found), shape(expected));
    assert!(found == expected, "the bytes differ");
}

/// Requests sent one behind the other without waiting for answers, HEAD among them, then the end
/// of the client's side.
#[test]
fn pipelined_answers_are_what_the_server_meant() {
    let test = "pipelined_answers_are_what_the_server_meant";
    let Some(listening) = Listening::begin(test) else { return };
    let mut stream = TcpStream::connect(listening.server).expect("a connection");
    let mut requests = Vec::new();
    let mut expected = Vec::new();
    let mut number = 0;
    for page in pages() {
        for method in ["HEAD", "GET"] {
            requests.extend(request(method, page.path));
            number += 1;
        }
        if !page.meant.is_empty() {
            expected.push((number, page.meant));
        }
    }
    stream.write_all(&requests).expect("a server");
    stream.shutdown(std::net::Shutdown::Write).expect("a server");
    stream.read_to_end(&mut Vec::new()).expect("answers");
    drop(stream);
    let connections = listening.finish(expected.len());
    assert_eq!(connections.len(), 1);
    assert_bodies(&connections[0], &expected);
}

/// Whether curl is there, and can undo all codings.
fn curl_is_able(test: &str) -> bool {
    let version = match Command::new("curl").arg("--version").output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            skip(test, &format!("curl: {error}"));
            return false;
        }
    };
    let able = ["brotli", "zstd", "libz"].iter().all(|coding| version.contains(coding));
    if !able {
        skip(test, "this curl lacks brotli, zstd or zlib");
    }
    able
}

/// Downloads everything with curl, over one connection: what it saves is what we extract.
#[test]
fn what_curl_downloads_is_what_is_extracted() {
    let test = "what_curl_downloads_is_what_is_extracted";
    if !curl_is_able(test) {
        return;
    }
    let Some(listening) = Listening::begin(test) else { return };
    let server = listening.server;
    let folder = Sandbox::new();
    let mut words: Vec<String> = Vec::new();
    // For each transfer the file that curl saves a body to, if it gets one.
    let mut saved = Vec::new();
    let mut transfer = |path: &str, how: &[&str], has_body: bool| {
        if !words.is_empty() {
            words.push("--next".to_owned());
        }
        let file = format!("{}", saved.len());
        saved.push(has_body.then(|| file.clone()));
        words.extend(["--silent", "--http1.1", "--noproxy", "*", "-o"].map(str::to_owned));
        words.push(file);
        words.extend(how.iter().map(|word| (*word).to_owned()));
        words.push(format!("http://{server}{path}"));
    };
    for page in pages() {
        transfer(page.path, &["--compressed"], !page.meant.is_empty());
        transfer(page.path, &["--head"], false);
        transfer(page.path, &["-H", "If-None-Match: \"same\""], false);
        transfer(page.path, &["--compressed"], !page.meant.is_empty());
    }
    transfer("/plain", &["--range", "1000-1999"], true);
    transfer("/plain", &["--range", "0-0"], true);
    transfer("/plain", &["-H", "Connection: close"], true);
    let status = Command::new("curl").args(&words).current_dir(folder.path("")).status();
    assert!(status.expect("curl").success());
    let expected: Vec<_> = saved
        .iter()
        .enumerate()
        .filter_map(|(index, file)| Some((index + 1, folder.read(file.as_ref()?))))
        .collect();
    let meant = pages();
    assert!(expected[0].1 == meant[0].meant, "curl got something else");
    let connections = listening.finish(expected.len());
    assert_eq!(connections.len(), 1, "curl keeps its connection");
    assert_bodies(&connections[0], &expected);
}

/// Several clients at once, one connection for each page.
#[test]
fn simultaneous_downloads_do_not_mix() {
    let Some(listening) = Listening::begin("simultaneous_downloads_do_not_mix") else { return };
    let server = listening.server;
    let clients: Vec<_> = pages()
        .into_iter()
        .filter(|page| !page.meant.is_empty())
        .map(|page| {
            thread::spawn(move || {
                let mut stream = TcpStream::connect(server).expect("a connection");
                let close = format!(
                    "GET {} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
                    page.path
                );
                stream.write_all(close.as_bytes()).expect("a server");
                stream.read_to_end(&mut Vec::new()).expect("an answer");
                page.meant
            })
        })
        .collect();
    let mut expected: Vec<_> =
        clients.into_iter().map(|client| vec![(1, client.join().expect("a client"))]).collect();
    let mut found = listening.finish(expected.len());
    expected.sort();
    found.sort();
    assert!(found == expected, "{} of {} bodies", found.len(), expected.len());
}
