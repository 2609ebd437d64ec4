//! `-U` and `-z`, looked at from outside: what the kernel says of the running program.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};

use crate::fed::{Fed, wait_for};
use crate::support::packets::{Connection, Side};
use crate::support::sandbox::{Sandbox, is_root, skip};

fn nobody() -> nix::unistd::User {
    nix::unistd::User::from_name("nobody").unwrap().expect("the user nobody")
}

fn flow(port: u16) -> Connection {
    let client = format!("10.0.0.1:{port}");
    Connection::between(&client, "10.0.0.2:80").says(Side::Client, b"text")
}

/// A sandbox that `nobody` can get through.
fn passable() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::set_permissions(sandbox.path("."), PermissionsExt::from_mode(0o755)).unwrap();
    sandbox
}

/// What the kernel says of every thread of a process: fields by name, numbers apart by blanks.
fn threads(process: u32) -> Vec<BTreeMap<String, String>> {
    fs::read_dir(format!("/proc/{process}/task"))
        .unwrap()
        .map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap())
        .map(|text| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| {
                    let words: Vec<_> = value.split_whitespace().collect();
                    (name.to_owned(), words.join(" "))
                })
                .collect()
        })
        .collect()
}

/// Asserts that no thread of the program has anything left of root.
fn assert_powerless(process: u32) {
    let user = nobody();
    let four = |id: u32| [id; 4].map(|id| id.to_string()).join(" ");
    let threads = threads(process);
    assert!(!threads.is_empty());
    for thread in threads {
        assert_eq!(thread["Uid"], four(user.uid.as_raw()), "real, effective, saved, file system");
        assert_eq!(thread["Gid"], four(user.gid.as_raw()), "real, effective, saved, file system");
        assert_eq!(thread["Groups"], user.gid.to_string(), "supplementary groups");
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(thread[set], "0000000000000000", "{set}");
        }
    }
}

/// Root's own groups go, too, and no thread is forgotten.
#[test]
fn u_leaves_nothing_of_root() {
    if !is_root() {
        skip("-U from outside", "only root may become another user");
        return;
    }
    let sandbox = passable();
    let mut fed = Fed::start_by(&sandbox, |sandbox| {
        let before = "setpriv --groups 0,4,27,50";
        sandbox.start_by(before, "-r in -U nobody -o out -T %a")
    });
    fed.give(flow(1));
    wait_for(&sandbox, "out/00001", b"text");
    assert_powerless(fed.id());
    assert_eq!(fed.end().status, Some(0));
    let user = nobody();
    for name in ["out", "out/report.xml", "out/00001"] {
        let metadata = fs::metadata(sandbox.path(name)).unwrap();
        let owner = (metadata.uid(), metadata.gid());
        assert_eq!(owner, (user.uid.as_raw(), user.gid.as_raw()), "{name}");
    }
}

/// What the program starts is as powerless, and cannot become root again.
#[test]
fn there_is_no_way_back_to_root() {
    if !is_root() {
        skip("no way back after -U", "only root may become another user");
        return;
    }
    let sandbox = passable();
    sandbox.write(
        "hook.sh",
        "{ id -u; id -g; id -G; setpriv --reuid=0 id -u || echo no way back; } >>out/log 2>&1\n",
    );
    sandbox.capture("in.pcap", [flow(1)]);
    let hook = "tcp_cmd=sh hook.sh";
    let arguments = ["-U", "nobody", "-o", "out", "-S", hook, "-r", "in.pcap"];
    sandbox.run_with(arguments).succeeds();
    let user = nobody();
    let log = String::from_utf8(sandbox.read("out/log")).unwrap();
    let lines: Vec<_> = log.lines().collect();
    let (uid, gid) = (user.uid.to_string(), user.gid.to_string());
    assert_eq!(lines[..3], [uid, gid.clone(), gid], "{log}");
    assert_eq!(*lines.last().unwrap(), "no way back", "{log}");
    assert!(log.contains("not permitted"), "{log}");
}

/// The first capture is opened while the program is root, all outputs but the report and every
/// further input afterwards.
#[test]
fn inputs_are_opened_before_and_outputs_after() {
    if !is_root() {
        skip("the order of opening with -U", "only root may become another user");
        return;
    }
    let sandbox = passable();
    for (name, port) in [("first.pcap", 1), ("second.pcap", 2)] {
        sandbox.capture(name, [flow(port)]);
        fs::set_permissions(sandbox.path(name), PermissionsExt::from_mode(0o600)).unwrap();
    }
    let outcome = sandbox.run("-U nobody -o out -T %a -r first.pcap -r second.pcap");
    outcome.fails(1, &["second.pcap: Permission denied"]);
    assert_eq!(sandbox.names("out"), ["00001"]);

    // Where only root may write, only the report is written.
    fs::create_dir(sandbox.path("roots")).unwrap();
    fs::set_permissions(sandbox.path("roots"), PermissionsExt::from_mode(0o755)).unwrap();
    let outcome = sandbox.run("-U nobody -o roots -T %a -r first.pcap");
    outcome.fails(1, &["roots/00001: Permission denied"]);
    assert!(sandbox.names("roots").is_empty());
    let report = fs::metadata(sandbox.path("roots/report.xml")).unwrap();
    assert_eq!(report.uid(), nobody().uid.as_raw());
    assert_eq!(sandbox.report("roots/report.xml").flows.len(), 1);
}

/// Streams that are hashed but not kept go through temporary files if they are large. Their folder
/// was made by root, so that nobody could write there.
#[test]
fn u_may_write_temporary_files() {
    if !is_root() {
        skip("temporary files with -U", "only root may become another user");
        return;
    }
    let sandbox = passable();
    let part = [b'x'; 50_000];
    let large = (0..20).fold(flow(1), |flow, _| flow.says(Side::Client, &part));
    sandbox.capture("in.pcap", [large]);
    fs::create_dir(sandbox.path("tmp")).unwrap();
    fs::set_permissions(sandbox.path("tmp"), PermissionsExt::from_mode(0o1777)).unwrap();
    let program = env!("CARGO_BIN_EXE_tcpflow");
    let line = format!("TMPDIR=$PWD/tmp {program} -U nobody -o out -FMX -r in.pcap");
    sandbox.shell(&line).succeeds();
    let flows = sandbox.report("out/report.xml").flows;
    assert_eq!(flows.len(), 1);
    assert!(flows[0].md5.is_some(), "{flows:?}");
    assert!(sandbox.names("tmp").is_empty(), "temporary files are left");
}

#[test]
fn z_confines_to_the_folder() {
    if !is_root() {
        skip("-z from outside", "only root may change the root");
        return;
    }
    let sandbox = passable();
    fs::create_dir(sandbox.path("jail")).unwrap();
    let user = nobody();
    chown(sandbox.path("jail"), Some(user.uid.as_raw()), None).unwrap();
    let jail = fs::canonicalize(sandbox.path("jail")).unwrap();
    let arguments = format!("-U nobody -z {} -o /out -T %a", jail.display());
    let mut fed = Fed::start(&sandbox, &arguments);
    fed.give(flow(1));
    wait_for(&sandbox, "jail/out/00001", b"text");
    assert_powerless(fed.id());
    for (link, what) in [("root", "the root folder"), ("cwd", "the working folder")] {
        let place = fs::read_link(format!("/proc/{}/{link}", fed.id())).unwrap();
        assert_eq!(place, jail, "{what}");
    }
    assert_eq!(fed.end().status, Some(0));
    for name in ["jail/out", "jail/out/report.xml", "jail/out/00001"] {
        let metadata = fs::metadata(sandbox.path(name)).unwrap();
        assert_eq!(metadata.uid(), user.uid.as_raw(), "{name}");
    }
}

#[test]
fn z_needs_u_and_unknown_users_are_refused_before_anything_is_made() {
    let sandbox = Sandbox::new();
    sandbox.capture("in.pcap", [flow(1)]);
    sandbox.run("-z . -o out -r in.pcap").fails(1, &["-z option requires -U option"]);
    let outcome = sandbox.run("-U no-such-user -o out -r in.pcap");
    outcome.fails(1, &["user 'no-such-user' does not exist"]);
    assert!(!sandbox.path("out").exists());
}
