//! Damaged captures through the whole program, in all its modes: it must end by itself, in time
//! and within its memory, and say at most that something is wrong.
//!
//! Takes long and is therefore ignored; see docs/fuzzing.md. In the environment:
//! - `HOSTILE_CAPTURES`: a folder of captures, `fixtures` by default
//! - `HOSTILE_MUTATIONS`: how often each of them is damaged, 20 by default
//! - `HOSTILE_SAMPLE`: run only one of so many combinations of damage and mode, 1 by default
//! - `HOSTILE_KEPT`: where captures are kept that the program did not survive

mod hostile_support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use hostile_support::mutation::mutated;
use hostile_support::random::Random;
use hostile_support::run::{Outcome, run};

/// What is given besides `-o`, in the output folder; `@` stands for the capture.
const MODES: &[&[&str]] = &[
    &["-r", "@"],
    &["-c", "-r", "@"],
    &["-c", "-J", "-r", "@"],
    &["-c", "-D", "-r", "@"],
    &["-K", "-r", "@"],
    &["-w", "unprocessed.pcap", "-r", "@"],
    &["-a", "-r", "@"],
    &["-I", "-r", "@"],
    &["-b", "100", "-r", "@"],
    &["-FX", "-FM", "-r", "@"],
    &["-r", "@", "-R", "@"],
    &["-S", "tcp_timeout=1", "-r", "@"],
];

/// One run: a capture, the number of its damage, a mode.
struct Case<'a> {
    capture: &'a Path,
    mutation: u64,
    mode: &'a [&'a str],
}

fn number_from(variable: &str, default: u64) -> u64 {
    let Ok(value) = env::var(variable) else { return default };
    value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}"))
}

fn captures() -> Vec<PathBuf> {
    let folder = env::var_os("HOSTILE_CAPTURES").unwrap_or_else(|| "fixtures".into());
    let mut captures: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    captures.sort();
    assert!(!captures.is_empty(), "{} holds no captures", folder.display());
    captures
}

#[test]
#[ignore = "takes very long; run by hand as docs/fuzzing.md says"]
fn damaged_captures_are_survived() {
    let captures = captures();
    let mutations = number_from("HOSTILE_MUTATIONS", 20);
    let mut sample = Random::new(b"sample");
    let one_in = number_from("HOSTILE_SAMPLE", 1);
    let mut cases = Vec::new();
    for mutation in 0..mutations {
        for capture in &captures {
            let modes = MODES.iter().filter(|_| sample.below(one_in) == 0);
            cases.extend(modes.map(|mode| Case { capture, mutation, mode }));
        }
    }

    let next = AtomicUsize::new(0);
    let findings = Mutex::new(Vec::new());
    let failures = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match examine(case) {
                        Outcome::Success => {}
                        Outcome::Failure => _ = failures.fetch_add(1, Ordering::Relaxed),
                        Outcome::Broken(how) => {
                            let finding = describe(case, &how);
                            eprintln!("{finding}");
                            findings.lock().unwrap().push(finding);
                        }
                    }
                }
            });
        }
    });
    let findings = findings.into_inner().unwrap();
    println!(
        "{} runs over {} captures: {} ended with status 1, {} are findings",
        cases.len(),
        captures.len(),
        failures.into_inner(),
        findings.len()
    );
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Otherwise a run without findings would mean nothing.
#[test]
fn what_must_not_happen_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    let outcome = |text: &str| {
        fs::write(&script, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        match run(script.as_os_str(), std::iter::empty(), folder.path()) {
            Outcome::Success => "success".to_owned(),
            Outcome::Failure => "failure".to_owned(),
            Outcome::Broken(how) => how,
        }
    };
    assert_eq!(outcome("exit 0"), "success");
    assert_eq!(outcome("echo damaged >&2; exit 1"), "failure");
    assert_eq!(outcome("exit 1"), "fails silently");
    assert_eq!(outcome("exit 2"), "exit status: 2: ");
    assert_eq!(outcome("echo thread panicked at x >&2"), "thread panicked at x");
    assert_eq!(outcome("kill -ABRT $$"), "signal: 6 (SIGABRT): ");
    assert_eq!(outcome("[ $(ulimit -v) = 1048576 ] && [ $(ulimit -t) = 5 ]"), "success");
}

fn damaged(case: &Case<'_>) -> Vec<u8> {
    let name = case.capture.file_name().unwrap().as_encoded_bytes();
    let mut random = Random::new(&[name, &case.mutation.to_le_bytes()].concat());
    mutated(fs::read(case.capture).unwrap(), &mut random)
}

fn examine(case: &Case<'_>) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture");
    fs::write(&capture, damaged(case)).unwrap();
    let arguments = case.mode.iter().map(|&argument| match argument {
        "@" => capture.as_os_str().to_owned(),
        other => other.into(),
    });
    run(env!("CARGO_BIN_EXE_tcpflow").as_ref(), arguments, folder.path())
}

/// What is wrong, and how to see it again.
fn describe(case: &Case<'_>, how: &str) -> String {
    let name = case.capture.file_name().unwrap().to_string_lossy();
    let kept = env::var_os("HOSTILE_KEPT").map(|folder| {
        let path = Path::new(&folder).join(format!("{}-{name}", case.mutation));
        fs::create_dir_all(&folder).and_then(|()| fs::write(&path, damaged(case))).unwrap();
        path.display().to_string()
    });
    let capture = kept.unwrap_or_else(|| format!("{name}, mutation {}", case.mutation));
    format!("{}: {capture}: {how}", case.mode.join(" "))
}
