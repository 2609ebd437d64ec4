//! Which scanners run: `-a`, `-e`, `-E`, `-x` and `-FM`, obeyed one after the other.
//!
//! At the start only `tcpdemux` is on, and post-processing is off.
//!
//! | switch | scanners | post-processing |
//! |---|---|---|
//! | `-a` | all on but `sha1` and `sha256` | on |
//! | `-e NAME` | NAME on (`all`: as `-a`) | on |
//! | `-E NAME` | all off, then NAME on (`all`: as `-a`) | on for `http` and hashes, which keep `tcpdemux` as well |
//! | `-x NAME` | NAME off (`all`: every one) | |
//! | `-FM` | `md5` on | |
//!
//! Flows are hashed if `md5`, `sha1` or `sha256` and `tcpdemux` are on in the end, and either
//! post-processing is, or `-FM` was given; the latter also where no files are written. Bodies are extracted if `http` and
//! `tcpdemux` are on in the end and post-processing is, from files only. `netviz` and `wifiviz` need
//! neither.
//!
//! Three things differ from the original on purpose. There, `-FM` alone did nothing; `-E http` and
//! `-E md5` turned off the flows that they were to work on; and `-a` turned `md5` on again after all
//! other switches. What is kept: post-processing, once on, stays on (`-e http -x http`), and
//! `-E all` does not turn it on.

use super::error::Cause;
use crate::config::{Scanners, Sink};
use crate::scan::Algorithms;

/// What is known of a scanner.
#[derive(Clone, Copy, Debug)]
pub struct ScannerInfo {
    /// The name that the switches take.
    pub name: &'static str,
    /// Whether it runs when nothing is said.
    pub default: bool,
    /// What it does.
    pub help: &'static str,
    /// Whether it is one of `all`. What the original did not have takes time only where somebody
    /// asks for it by name.
    in_all: bool,
    /// Whether it looks at finished flows, and is nothing without them.
    works_on_flows: bool,
    field: fn(&mut Set) -> &mut bool,
}

/// Every scanner.
pub const SCANNERS: &[ScannerInfo] = &[
    ScannerInfo {
        name: "md5",
        default: false,
        help: "Puts the MD5 of every flow into the report.",
        in_all: true,
        works_on_flows: true,
        field: |set| &mut set.hashes.md5,
    },
    ScannerInfo {
        name: "sha1",
        default: false,
        help: "Puts the SHA-1 of every flow into the report. Not one of all.",
        in_all: false,
        works_on_flows: true,
        field: |set| &mut set.hashes.sha1,
    },
    ScannerInfo {
        name: "sha256",
        default: false,
        help: "Puts the SHA-256 of every flow into the report. Not one of all.",
        in_all: false,
        works_on_flows: true,
        field: |set| &mut set.hashes.sha256,
    },
    ScannerInfo {
        name: "http",
        default: false,
        help: "Writes the bodies of HTTP responses to files beside the flow's, named \
               NAME-HTTPBODY-NNN.EXT, and lists them in the report. Compressed bodies are \
               decompressed unless -Z is given.",
        in_all: true,
        works_on_flows: true,
        field: |set| &mut set.http,
    },
    ScannerInfo {
        name: "netviz",
        default: false,
        help: "Draws a page about the traffic, report.pdf: bytes over time, and the addresses and \
               ports that had most of them.",
        in_all: true,
        works_on_flows: false,
        field: |set| &mut set.netviz,
    },
    ScannerInfo {
        name: "tcpdemux",
        default: true,
        help: "Rebuilds the TCP streams. Without it there are no flows.",
        in_all: true,
        works_on_flows: false,
        field: |set| &mut set.tcpdemux,
    },
    ScannerInfo {
        name: "wifiviz",
        default: false,
        help: "Lists the wireless networks that announced themselves in 802.11 captures in the \
               report.",
        in_all: true,
        works_on_flows: false,
        field: |set| &mut set.wifiviz,
    },
];

/// A switch of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// `-a`
    All,
    /// `-e`
    Enable(String),
    /// `-E`
    Only(String),
    /// `-x`
    Disable(String),
    /// `-FM`
    Md5,
}

/// The scanners that are on.
#[derive(Clone, Copy, Debug, Default)]
struct Set {
    hashes: Algorithms,
    http: bool,
    netviz: bool,
    tcpdemux: bool,
    wifiviz: bool,
}

/// Whether flows are to be post-processed, which needs their files. The names need not exist: this
/// is asked before they are checked.
pub(super) fn post_processing(switches: &[Switch]) -> bool {
    switches.iter().any(|switch| match switch {
        Switch::All | Switch::Enable(_) => true,
        Switch::Only(name) => works_on_flows(name),
        Switch::Disable(_) | Switch::Md5 => false,
    })
}

/// Obeys `switches` and says what follows for a run whose streams go to `sink`.
pub(super) fn scanners(switches: &[Switch], sink: &Sink) -> Result<Scanners, Cause> {
    let mut on = Set { tcpdemux: true, ..Set::default() };
    for switch in switches {
        match switch {
            Switch::All => on.turn_all(true),
            Switch::Enable(name) => on.turn(name, true)?,
            Switch::Disable(name) => on.turn(name, false)?,
            Switch::Only(name) => {
                on = Set::default();
                on.turn(name, true)?;
                on.tcpdemux |= works_on_flows(name);
            }
            Switch::Md5 => on.hashes.md5 = true,
        }
    }
    let post_processing = post_processing(switches) && *sink == Sink::Files;
    let hashing = match sink {
        Sink::PacketFiles => false,
        _ => post_processing || switches.contains(&Switch::Md5),
    };
    Ok(Scanners {
        tcpdemux: on.tcpdemux,
        hashes: if on.tcpdemux && hashing { on.hashes } else { Algorithms::default() },
        http: on.http && on.tcpdemux && post_processing,
        netviz: on.netviz,
        wifiviz: on.wifiviz,
        http_decompress: true,
    })
}

impl Set {
    /// Off goes everything, on only what is one of `all`.
    fn turn_all(&mut self, on: bool) {
        for scanner in SCANNERS.iter().filter(|scanner| scanner.in_all || !on) {
            *(scanner.field)(self) = on;
        }
    }

    fn turn(&mut self, name: &str, on: bool) -> Result<(), Cause> {
        if name == "all" {
            self.turn_all(on);
            return Ok(());
        }
        match SCANNERS.iter().find(|scanner| scanner.name == name) {
            Some(scanner) => *(scanner.field)(self) = on,
            None => return Err(Cause::InvalidScanner(name.to_owned())),
        }
        Ok(())
    }
}

fn works_on_flows(name: &str) -> bool {
    SCANNERS.iter().any(|scanner| scanner.name == name && scanner.works_on_flows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConsoleStyle;

    fn switches(text: &str) -> Vec<Switch> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let mut switches = Vec::new();
        while let Some(word) = words.next() {
            let mut name = || words.next().unwrap_or("").to_owned();
            switches.push(match word {
                "-a" => Switch::All,
                "-e" => Switch::Enable(name()),
                "-E" => Switch::Only(name()),
                "-x" => Switch::Disable(name()),
                "-FM" => Switch::Md5,
                other => panic!("{other}"),
            });
        }
        switches
    }

    fn run(text: &str, sink: &Sink) -> String {
        let scanners = match scanners(&switches(text), sink) {
            Ok(scanners) => scanners,
            Err(error) => return error.to_string(),
        };
        [
            (scanners.tcpdemux, "flows"),
            (scanners.http, "bodies"),
            (scanners.hashes.md5, "md5"),
            (scanners.hashes.sha1, "sha1"),
            (scanners.hashes.sha256, "sha256"),
            (scanners.netviz, "pdf"),
            (scanners.wifiviz, "ssids"),
        ]
        .into_iter()
        .filter_map(|(on, what)| on.then_some(what))
        .collect::<Vec<_>>()
        .join(" ")
    }

    /// What came out of the original for these switches; where it says so, as we do it.
    #[test]
    fn switches_act_as_in_the_original_but_for_three_things() {
        for (text, expected) in [
            ("", "flows"),
            ("-a", "flows bodies md5 pdf ssids"),
            ("-e all", "flows bodies md5 pdf ssids"),
            ("-E all", "flows pdf ssids"),
            ("-x all", ""),
            ("-x all -e all", "flows bodies md5 pdf ssids"),
            ("-a -x all", ""),
            ("-e http", "flows bodies"),
            ("-E http", "flows bodies"),         // there: nothing
            ("-e http -E http", "flows bodies"), // there: nothing
            ("-E tcpdemux", "flows"),
            ("-E tcpdemux -e http", "flows bodies"),
            ("-E http -e tcpdemux", "flows bodies"),
            ("-e tcpdemux", "flows"),
            ("-x tcpdemux", ""),
            ("-x tcpdemux -e http", ""),
            ("-x http", "flows"),
            ("-e md5", "flows md5"),
            ("-E md5", "flows md5"),                 // there: nothing
            ("-FM", "flows md5"),                    // there: no MD5
            ("-E md5 -FM", "flows md5"),             // there: nothing
            ("-a -x md5", "flows bodies pdf ssids"), // there: MD5
            ("-a -x http", "flows md5 pdf ssids"),
            ("-a -x netviz", "flows bodies md5 ssids"),
            ("-x netviz -a", "flows bodies md5 pdf ssids"),
            ("-a -x tcpdemux", "pdf ssids"),
            ("-a -E tcpdemux", "flows"), // there: MD5
            ("-E tcpdemux -a", "flows bodies md5 pdf ssids"),
            ("-e netviz", "flows pdf"),
            ("-E netviz", "pdf"),
            ("-e wifiviz", "flows ssids"),
            ("-E wifiviz", "ssids"),
            ("-e http -x http", "flows"),
            ("-x http -e http", "flows bodies"),
            ("-E http -E md5 -e tcpdemux", "flows md5"),
            ("-a -x md5 -FM", "flows bodies md5 pdf ssids"),
            ("-FM -x md5", "flows"),
            ("-E all -FM", "flows md5 pdf ssids"),
            ("-e sha1", "flows sha1"),
            ("-E sha256", "flows sha256"),
            ("-a -e sha1 -e sha256", "flows bodies md5 sha1 sha256 pdf ssids"),
            ("-e sha1 -a", "flows bodies md5 sha1 pdf ssids"),
            ("-e sha1 -e sha256 -x sha1", "flows sha256"),
            ("-e sha1 -x all", ""),
            ("-e sha1 -E all", "flows bodies md5 pdf ssids"),
        ] {
            assert_eq!(run(text, &Sink::Files), expected, "{text}");
        }
    }

    #[test]
    fn the_first_name_that_does_not_exist_is_named() {
        for (text, name) in [
            ("-e foo", "foo"),
            ("-E foo", "foo"),
            ("-x foo", "foo"),
            ("-e foo -x bar", "foo"),
            ("-e HTTP", "HTTP"),
            ("-e http,md5", "http,md5"),
            ("-e", ""),
            ("-x none", "none"),
            ("-a -e foo", "foo"),
            ("-e python", "python"),
        ] {
            assert_eq!(run(text, &Sink::Files), format!("Invalid scanner name '{name}'"), "{text}");
        }
    }

    #[test]
    fn without_files_only_the_letter_m_asks_for_hashes() {
        for sink in [Sink::ReportOnly, Sink::Console(ConsoleStyle::default())] {
            assert_eq!(run("-FM", &sink), "flows md5");
            assert_eq!(run("-a", &sink), "flows pdf ssids");
            assert_eq!(run("-a -FM", &sink), "flows md5 pdf ssids");
        }
        assert_eq!(run("-a -FM", &Sink::PacketFiles), "flows pdf ssids");
    }

    #[test]
    fn post_processing_is_asked_for_by_switches_not_by_what_they_lead_to() {
        for text in ["-a", "-e tcpdemux", "-e foo", "-e http -x http", "-E http", "-E sha1"] {
            assert!(post_processing(&switches(text)), "{text}");
        }
        for text in ["", "-E all", "-E tcpdemux", "-E foo", "-x http", "-FM"] {
            assert!(!post_processing(&switches(text)), "{text}");
        }
    }
}
