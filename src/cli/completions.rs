//! Completion scripts for shells, for `--generate`.

use clap_complete::Shell;

use super::error::Cause;
use super::said;

/// The script that `what` names.
pub(super) fn generate(what: &str) -> Result<String, Cause> {
    let shell = match what {
        "complete-bash" => Shell::Bash,
        "complete-zsh" => Shell::Zsh,
        "complete-fish" => Shell::Fish,
        _ => {
            return Err(Cause::BadValue {
                option: "-generate",
                value: what.to_owned(),
                expected: "complete-bash, complete-zsh or complete-fish",
            });
        }
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut said::command(), "tcpflow", &mut script);
    Ok(String::from_utf8_lossy(&script).into_owned())
}
