//! Runs the program within bounds and says how it ended.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Seconds of processor time. Waiting is bounded less tightly: the machine may have other work.
const CPU_SECONDS: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// Kilobytes of address space.
const MEMORY: u32 = 1 << 20;

/// How a run ended.
pub(crate) enum Outcome {
    Success,
    /// With status 1 and some words, as it should when a capture is damaged.
    Failure,
    /// As it must not, whatever the capture.
    Broken(String),
}

/// Runs `program` in `folder`, with the folder `out` in it for its output.
pub(crate) fn run(
    program: &OsStr,
    arguments: impl Iterator<Item = OsString>,
    folder: &Path,
) -> Outcome {
    let messages = folder.join("messages");
    let limits = format!("ulimit -c 0 && ulimit -v {MEMORY} && ulimit -t {CPU_SECONDS} && ");
    let limited = limits + "exec \"$0\" \"$@\"";
    let child = Command::new("sh")
        .args(["-c", &limited])
        .arg(program)
        .args(["-o", "out"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&messages).unwrap())
        .spawn()
        .unwrap();
    let status = wait(child);
    let messages = String::from_utf8_lossy(&fs::read(messages).unwrap()).into_owned();
    judge(status, &messages)
}

fn judge(status: Option<ExitStatus>, messages: &str) -> Outcome {
    let Some(status) = status else { return Outcome::Broken("does not end".to_owned()) };
    // A thread may have panicked without taking the program with it.
    if messages.contains("panicked at") {
        return Outcome::Broken(messages.trim_end().to_owned());
    }
    match (status.code(), status.signal()) {
        (Some(0), _) => Outcome::Success,
        (Some(1), _) if messages.is_empty() => Outcome::Broken("fails silently".to_owned()),
        (Some(1), _) => Outcome::Failure,
        (_, Some(libc::SIGXCPU | libc::SIGKILL)) => Outcome::Broken("takes too long".to_owned()),
        _ => Outcome::Broken(format!("{status}: {}", messages.trim_end())),
    }
}

/// `None` if it did not end in time, and was killed.
fn wait(mut child: Child) -> Option<ExitStatus> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    while begin.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}
