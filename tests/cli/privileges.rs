//! `-U` and `-z`, which only root can use, and `-L`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use crate::support::sandbox::{Sandbox, fixture, is_root, skip};

const CLIENT_FILE: &str = "010.000.000.001.40000-010.000.000.002.00080";

fn nobody() -> nix::unistd::User {
    nix::unistd::User::from_name("nobody").unwrap().expect("the user nobody")
}

#[test]
fn u_writes_everything_as_the_other_user() {
    if !is_root() {
        skip("-U", "only root may become another user");
        return;
    }
    let sandbox = Sandbox::new();
    fs::copy(fixture("http-ipv4.pcap"), sandbox.path("in.pcap")).unwrap();
    // The program must get through to its output folder as nobody.
    fs::set_permissions(sandbox.path("."), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    sandbox.run("-U nobody -o out -r in.pcap").succeeds();
    let user = nobody();
    for name in ["out", "out/report.xml", &format!("out/{CLIENT_FILE}")] {
        let metadata = fs::metadata(sandbox.path(name)).unwrap();
        assert_eq!(
            (metadata.uid(), metadata.gid()),
            (user.uid.as_raw(), user.gid.as_raw()),
            "{name}"
        );
    }
    assert_eq!(sandbox.report("out/report.xml").flows.len(), 2);
}

/// What stands in the new root is written; the report's path is taken below it, too.
#[test]
fn z_makes_a_folder_the_root() {
    if !is_root() {
        skip("-z", "only root may change the root");
        return;
    }
    let sandbox = Sandbox::new();
    let jail = sandbox.path("jail");
    fs::create_dir(&jail).unwrap();
    let user = nobody();
    std::os::unix::fs::chown(&jail, Some(user.uid.as_raw()), None).unwrap();
    let jail = jail.display();
    sandbox.run(&format!("-U nobody -z {jail} -o /out -r {{http-ipv4.pcap}}")).succeeds();
    assert!(sandbox.read(&format!("jail/out/{CLIENT_FILE}")).starts_with(b"GET "));
    let report = sandbox.report("jail/out/report.xml");
    assert!(
        report
            .flows
            .iter()
            .any(|flow| flow.filename.as_deref() == Some(&format!("/out/{CLIENT_FILE}")))
    );
}

#[test]
fn who_is_not_root_cannot_become_another_user() {
    if is_root() {
        skip("-U without being root", "the tests run as root");
        return;
    }
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("-U root -o out -r {http-ipv4.pcap}");
    outcome.fails(1, &["only root can become user 'root'"]);
}

/// A semaphore that is not there is made, and one that is taken is waited for.
#[test]
fn l_takes_the_semaphore_around_each_packet() {
    if !fs::metadata("/dev/shm").is_ok_and(|metadata| metadata.is_dir()) {
        skip("-L", "there is no /dev/shm");
        return;
    }
    let name = format!("tcpflow-test-{}", std::process::id());
    let file = format!("/dev/shm/sem.{name}");
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(&format!("-L /{name} -C -r {{out-of-order.pcap}}"));
    assert_eq!(outcome.succeeds().text(), "one \nthree\ntwo \n");
    let made = fs::read(&file).expect("a semaphore");
    assert_eq!(made[..4], 1u32.to_ne_bytes(), "given back");

    // Taken by somebody else: the C library keeps the value in the first bytes.
    let mut taken = made.clone();
    taken[..4].copy_from_slice(&0u32.to_ne_bytes());
    fs::write(&file, &taken).unwrap();
    let waits = Command::new("timeout")
        .args(["-s", "KILL", "1", env!("CARGO_BIN_EXE_tcpflow"), "-L"])
        .arg(format!("/{name}"))
        .arg("-C")
        .arg("-r")
        .arg(fixture("out-of-order.pcap"))
        .current_dir(sandbox.path("."))
        .output()
        .expect("timeout");
    assert!(waits.stdout.is_empty(), "printed without the semaphore");

    // What is not printed because the program was asked to stop is told.
    let stopped = sandbox.start(&format!("-L /{name} -C -r {{out-of-order.pcap}}"));
    std::thread::sleep(std::time::Duration::from_millis(500));
    stopped.signal(rustix::process::Signal::INT);
    let outcome = stopped.finish();
    fs::remove_file(&file).unwrap();
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    outcome.complains(&["not all was printed", "semaphore"]);
}
