//! The page `report.pdf`, read back with pdftotext.

use std::fs;
use std::process::Command;

use crate::support::captures::{ETHERNET, Frame, Pcap, frames};
use crate::support::packets::{ACK, PSH, Side, arp, ethernet, tcp, udp};
use crate::support::sandbox::{Sandbox, skip};
use crate::web::{connection, exchange, response};

/// Runs `netviz` on frames and reads the page, or tells why not.
fn page_of(test: &str, frames: &[Frame], switches: &str) -> Option<String> {
    let sandbox = Sandbox::new();
    sandbox.write("c.pcap", Pcap::of(ETHERNET).write(frames));
    let words = format!("-E netviz {switches} -o out -r c.pcap");
    let mut command = sandbox.command(words.split_whitespace());
    let output = command.env("TZ", "UTC").output().expect("the program can be run");
    assert!(output.status.success(), "{output:?}");
    let page = sandbox.read("out/report.pdf");
    assert!(page.starts_with(b"%PDF-") && page.len() < 50_000, "{} bytes", page.len());
    let path = sandbox.path("out/report.pdf");
    match Command::new("pdftotext").arg("-layout").arg(path).arg("-").output() {
        Ok(output) => Some(String::from_utf8(output.stdout).expect("text")),
        Err(error) => {
            skip(test, &format!("pdftotext: {error}"));
            None
        }
    }
}

/// The text with one blank between words, so that columns do not matter.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_says(page: &str, expected: &[&str]) {
    let page = words(page);
    for text in expected {
        assert!(page.contains(text), "no '{text}' in {page}");
    }
}

#[test]
fn the_page_tells_what_was_counted() {
    let page = response("", &[b'x'; 900]);
    let web = connection().says(Side::Client, b"GET").says(Side::Server, &page).datagrams();
    let [from, to] = ["[2001:db8::1]:53", "[2001:db8::2]:53"].map(|end| end.parse().unwrap());
    let mut all: Vec<_> = web.iter().map(|datagram| ethernet(datagram)).collect();
    let to_server: usize = [0, 2, 3].iter().map(|n| all[*n].len()).sum();
    let to_client: usize = [1, 4].iter().map(|n| all[*n].len()).sum();
    let name = ethernet(&udp(from, to, &[b'?'; 100]));
    all.extend([name.clone(), arp()]);
    let mut frames = frames(all);
    frames[6].nanoseconds = 61_000_000_000;
    frames[5].nanoseconds = 60_000_000_000;
    let Some(page) = page_of("the_page_tells_what_was_counted", &frames, "") else { return };
    let total = to_server + to_client + name.len();
    let share = |bytes: usize, of: usize| format!("{}%", bytes * 100 / of);
    assert_says(
        &page,
        &[
            "Input: c.pcap",
            "Date range: 2023-11-14 22:13:20 – 2023-11-14 22:14:20",
            // The ARP frame is none of those that count.
            &format!("Packets analyzed: 6 ({:.2} KB)", total as f64 / 1000.0),
            &format!("IPv4 {}", share(to_server + to_client, total)),
            &format!("IPv6 {}", share(name.len(), total)),
            &format!("10.0.0.1 {to_server} B {}", share(to_server, total)),
            &format!("2001:db8::2 {} B {}", name.len(), share(name.len(), total)),
            "1 minute, 1 second (",
            "HTTP",
            "Not TCP",
        ],
    );
    // Shares of ports are of all bytes over TCP.
    let tcp = to_server + to_client;
    assert_says(&page, &[&format!("40000 {to_server} B {}", share(to_server, tcp))]);
}

/// The original read ports at a fixed place, where IP options may stand.
#[test]
fn ports_are_found_behind_ip_options() {
    let [from, to] = ["10.0.0.1:4321", "10.0.0.2:443"].map(|end| end.parse().unwrap());
    let mut datagram = tcp(from, to, PSH | ACK, 1, 1, &[b'x'; 100]);
    datagram.splice(20..20, [1; 8]);
    datagram[0] = 0x47;
    let length = (datagram.len() as u16).to_be_bytes();
    datagram[2..4].copy_from_slice(&length);
    let frames = frames([ethernet(&datagram)]);
    let size = frames[0].wire_len;
    let Some(page) = page_of("ports_are_found_behind_ip_options", &frames, "") else { return };
    let [source, destination] = [format!("4321 {size} B 100%"), format!("443 HTTPS {size} B 100%")];
    assert_says(&page, &[&source, &destination]);
}

/// Frames of many hosts all over the address space, of which one is busier than all others.
fn many_hosts() -> Vec<Frame> {
    let [server, busy] = ["10.0.0.2:80", "192.0.2.1:5000"].map(|end| end.parse().unwrap());
    let scattered = (0..2000_u32).flat_map(|number| {
        let host = std::net::Ipv4Addr::from(number.wrapping_mul(0x9e37_79b1));
        let host = std::net::SocketAddr::from((host, 5000));
        [tcp(host, server, ACK, 1, 1, b""), tcp(busy, server, ACK, 1, 1, b"busy")]
    });
    frames(scattered.map(|datagram| ethernet(&datagram)))
}

/// The original made prefixes of more than some fifty addresses.
#[test]
fn addresses_are_counted_exactly_unless_told_otherwise() {
    let test = "addresses_are_counted_exactly_unless_told_otherwise";
    let frames = many_hosts();
    for switches in ["", "-S netviz_histogram_size=-1", "-S netviz_histogram_size=10000"] {
        let Some(page) = page_of(test, &frames, switches) else { return };
        assert_says(&page, &["1 192.0.2.1 116.00 KB"]);
        assert!(!page.contains('/'), "{switches}: {page}");
    }
    let Some(page) = page_of(test, &frames, "-S netviz_histogram_size=200") else { return };
    assert_says(&page, &["192.0.2.1 116.00 KB"]);
    let prefix = |word: &str| word.contains('/') && word.contains('.');
    assert!(page.split_whitespace().any(prefix), "{page}");
}

#[test]
fn a_page_is_made_of_nothing_and_of_decades() {
    let test = "a_page_is_made_of_nothing_and_of_decades";
    let Some(page) = page_of(test, &[], "") else { return };
    assert_says(&page, &["Packets analyzed: 0 (0 B)", "no packets received"]);
    let mut two = frames(connection().datagrams().iter().take(2).map(|d| ethernet(d)));
    let Some(page) = page_of(test, &two[..1], "") else { return };
    assert_says(&page, &["Packets analyzed: 1 (54 B)", "1 second (<1 second intervals)"]);
    two[1].nanoseconds = 3_653 * 86_400 * 1_000_000_000;
    let Some(page) = page_of(test, &two, "") else { return };
    assert_says(&page, &["10 years", "2023-11-14 22:13:20 – 2033-11-14 22:13:20"]);
}

#[test]
fn several_inputs_are_named_in_short() {
    let sandbox = Sandbox::new();
    sandbox.capture("a.pcap", [connection()]);
    sandbox.capture("b.pcap", [connection()]);
    sandbox.run("-E netviz -r a.pcap -r b.pcap").succeeds();
    match Command::new("pdftotext").arg(sandbox.path("report.pdf")).arg("-").output() {
        Ok(output) => assert_says(&String::from_utf8_lossy(&output.stdout), &["a.pcap + 1 more"]),
        Err(error) => skip("several_inputs_are_named_in_short", &format!("pdftotext: {error}")),
    }
}

/// The original said nothing.
#[test]
fn a_page_that_cannot_be_written_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.capture("web.pcap", [exchange(&response("", b"Hello"))]);
    fs::create_dir_all(sandbox.path("out/report.pdf")).expect("a folder");
    sandbox.run("-a -o out -r web.pcap").fails(1, &["out/report.pdf"]);
    // Everything else is there.
    assert!(crate::web::report(&sandbox.path("out")).ends_with("</dfxml>\n"));
}

#[test]
fn the_histograms_are_printed_if_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.capture("c.pcap", [connection()]);
    for no in ["0", "NO"] {
        let outcome = sandbox.run(&format!("-e netviz -S netviz_histogram_dump={no} -r c.pcap"));
        assert_eq!(outcome.succeeds().text(), "");
    }
    let limit = 7 << 16;
    let statistics = format!(
        "nodes: 2  maxnodes: {limit} ctr_added: 2 pruned: 0\ncache_hits: 1\ncache_misses: 2\n"
    );
    let expected = format!(
        "{statistics}src_tree:\n{statistics}histogram size: 2\n\
         10.0.0.1  count=108\n10.0.0.2  count=54\n\n\
         dst_tree:\n{statistics}histogram size: 2\n\
         10.0.0.1  count=54\n10.0.0.2  count=108\n\n"
    );
    for yes in ["1", "-5", "YES"] {
        let outcome = sandbox.run(&format!("-e netviz -S netviz_histogram_dump={yes} -r c.pcap"));
        assert_eq!(outcome.succeeds().text(), expected, "{yes}");
    }
}
