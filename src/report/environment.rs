//! On what machine, by whom and when a run was made.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::utsname::{UtsName, uname};
use nix::unistd::{Uid, User};

use crate::time::Timestamp;

/// The facts of a run's surroundings, taken when it began.
#[derive(Debug)]
pub struct Environment {
    /// The command line, quoted for a shell.
    pub command_line: Vec<u8>,
    /// Operating system and machine, if the system tells.
    pub system: Option<UtsName>,
    /// Who runs the program.
    pub uid: Uid,
    /// That user's name, if there is one.
    pub user_name: Option<String>,
    /// When the run began.
    pub start: Timestamp,
    clock: Instant,
}

impl Environment {
    /// Looks around; `command_line` is the program's name and its arguments.
    pub fn observe(command_line: &[OsString]) -> Self {
        let uid = Uid::current();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            command_line: quoted(command_line),
            system: uname().ok(),
            uid,
            user_name: User::from_uid(uid).ok().flatten().map(|user| user.name),
            start: Timestamp::from_micros(since_epoch.as_micros() as i64),
            clock: Instant::now(),
        }
    }

    /// Seconds since the run began.
    pub fn elapsed_seconds(&self) -> f64 {
        self.clock.elapsed().as_secs_f64()
    }

    /// What the run has used of the machine so far, if the system tells.
    pub fn usage(&self) -> Option<Usage> {
        getrusage(UsageWho::RUSAGE_SELF).ok()
    }
}

/// The words as a shell would have to be given them.
fn quoted(words: &[OsString]) -> Vec<u8> {
    let words: Vec<Vec<u8>> = words.iter().map(|word| quoted_word(word)).collect();
    words.join(&b' ')
}

fn quoted_word(word: &OsStr) -> Vec<u8> {
    let bytes = word.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return bytes.to_vec();
    }
    let mut quoted = vec![b'\''];
    for &byte in bytes {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_command_line_back() {
        let words = ["tcpflow", "-r", "it's a file", "", "port 80"].map(OsString::from);
        assert_eq!(quoted(&words), br"tcpflow -r 'it'\''s a file' '' 'port 80'");
    }
}
