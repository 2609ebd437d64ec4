//! Symbolic links that somebody planted in the output folder lead nowhere.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::packets::{Connection, Side};
use crate::support::sandbox::Sandbox;

/// A response, long enough to be recognised.
const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: long enough to be taken for HTTP, which takes 80 bytes\r\nContent-Length: 2\r\n\r\nhi";

/// An exchange of HTTP, and an output folder in which `name` is a link to a precious file.
fn planted(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let web = Connection::between("10.0.0.1:1", "10.0.0.2:80")
        .handshake()
        .says(Side::Client, b"GET / HTTP/1.1\r\n\r\n")
        .says(Side::Server, PAGE)
        .goodbye();
    sandbox.capture("in.pcap", [web]);
    fs::create_dir(sandbox.path("out")).unwrap();
    sandbox.write("precious", "precious");
    symlink("../precious", sandbox.path("out").join(name)).unwrap();
    sandbox
}

#[test]
fn no_output_is_written_through_a_link() {
    for (link, arguments) in [
        ("report.xml", ""),
        ("report.xml", "-X out/report.xml"),
        ("other.xml", "-X ./out/other.xml"),
        ("rest.pcap", "-w out/rest.pcap"),
    ] {
        let sandbox = planted(link);
        let outcome = sandbox.run(&format!("{arguments} -o out -r in.pcap"));
        outcome.fails(1, &[link, "is a symbolic link, which is not followed"]);
        assert_eq!(sandbox.read("precious"), b"precious", "{link}");
    }
    for (link, arguments) in [
        ("report.pdf", "-e netviz"),
        ("00080-HTTPBODY-001", "-e http"),
        ("00080.pcap", "-K"),
        ("00080.findx", "-I"),
    ] {
        let sandbox = planted(link);
        let outcome = sandbox.run(&format!("{arguments} -T %a -o out -r in.pcap"));
        let message = format!("out/{link}: is a symbolic link, which is not followed");
        outcome.fails(1, &[&message]);
        assert_eq!(sandbox.read("precious"), b"precious", "{link}");
        assert_eq!(sandbox.report("out/report.xml").text_of("tdelta"), "0");
    }
}

/// A flow's file gets the next count, as with any name that is taken.
#[test]
fn a_flow_gets_another_name_where_a_link_is() {
    for target in ["../precious", "nowhere"] {
        let sandbox = planted("unused");
        symlink(target, sandbox.path("out/00001")).unwrap();
        sandbox.run("-T %a -o out -r in.pcap").succeeds();
        assert!(sandbox.read("out/00001c1").starts_with(b"GET "));
        assert_eq!(sandbox.read("precious"), b"precious");
        assert!(!sandbox.path("out/nowhere").exists());
    }
}

/// A folder that a template would make, and that is a link already.
#[test]
fn no_folder_is_entered_through_a_link() {
    for (arguments, lost) in [
        ("-T %a/%b", "out/00080/00001"),
        ("-T %a/deep/%b", "out/00080/deep/00001"),
        ("-K -T %a/%b", "out/00080/00001.pcap"),
        ("-e http -T %a/%b", "out/00080/00001"),
    ] {
        let sandbox = planted("unused");
        fs::create_dir(sandbox.path("elsewhere")).unwrap();
        symlink("../elsewhere", sandbox.path("out/00080")).unwrap();
        let outcome = sandbox.run(&format!("{arguments} -o out -r in.pcap"));
        let reason = "the folder '00080' is a symbolic link, which is not followed";
        outcome.fails(1, &[&format!("{lost}: {reason}")]);
        assert_eq!(sandbox.names("elsewhere"), Vec::<String>::new(), "{arguments}");
        assert!(sandbox.path("out/00001").exists(), "the other direction");
    }
}

/// The folder itself, and what is named outside of it, are the user's own choice.
#[test]
fn links_that_the_user_names_are_followed() {
    let sandbox = planted("unused");
    symlink("out", sandbox.path("way")).unwrap();
    symlink("elsewhere.xml", sandbox.path("link.xml")).unwrap();
    sandbox.run("-T %b/%a -X link.xml -o way -r in.pcap").succeeds();
    assert!(sandbox.read("out/00080/00001").starts_with(b"GET "));
    assert_eq!(sandbox.report("elsewhere.xml").flows.len(), 2);
    let outcome = sandbox.run("-FX -X /dev/stdout -o way -r in.pcap").succeeds();
    assert!(outcome.text().contains("<dfxml"));
    // A link inside is one whatever way leads there.
    symlink("../precious", sandbox.path("out/inside.xml")).unwrap();
    let outcome = sandbox.run("-X way/inside.xml -o out -r in.pcap");
    outcome.fails(1, &["way/inside.xml", "is a symbolic link"]);
}
