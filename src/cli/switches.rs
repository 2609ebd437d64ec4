//! Which scanners run: `-a`, `-e`, `-E`, `-x` and `-FM`, obeyed one after the other.
//!
//! At the start only `tcpdemux` is on, and post-processing is off.
//!
//! | switch | scanners | post-processing |
//! |---|---|---|
//! | `-a` | all on | on |
//! | `-e NAME` | NAME on (`all`: every one) | on |
//! | `-E NAME` | all off, then NAME on (`all`: every one) | on for `http` and `md5`, which keep `tcpdemux` as well |
//! | `-x NAME` | NAME off (`all`: every one) | |
//! | `-FM` | `md5` on | |
//!
//! Flows are hashed if `md5` and `tcpdemux` are on in the end, and either post-processing is, or
//! `-FM` was given; the latter also where no files are written. Bodies are extracted if `http` and
//! `tcpdemux` are on in the end and post-processing is, from files only. `netviz` and `wifiviz` need
//! neither.
//!
//! Three things differ from the original on purpose. There, `-FM` alone did nothing; `-E http` and
//! `-E md5` turned off the flows that they were to work on; and `-a` turned `md5` on again after all
//! other switches. What is kept: post-processing, once on, stays on (`-e http -x http`), and
//! `-E all` does not turn it on.

use super::error::Cause;
use crate::config::{Scanners, Sink};

/// What is known of a scanner.
#[derive(Clone, Copy, Debug)]
pub struct ScannerInfo {
    /// The name that the switches take.
    pub name: &'static str,
    /// Whether it runs when nothing is said.
    pub default: bool,
    /// What it does.
    pub help: &'static str,
    field: fn(&mut Set) -> &mut bool,
}

/// Every scanner.
pub const SCANNERS: &[ScannerInfo] = &[
    ScannerInfo {
        name: "md5",
        default: false,
        help: "Puts the MD5 of every flow into the report.",
        field: |set| &mut set.md5,
    },
    ScannerInfo {
        name: "http",
        default: false,
        help: "Writes the bodies of HTTP responses to files beside the flow's, named \
               NAME-HTTPBODY-NNN.EXT, and lists them in the report. Compressed bodies are \
               decompressed unless -Z is given.",
        field: |set| &mut set.http,
    },
    ScannerInfo {
        name: "netviz",
        default: false,
        help: "Draws a page about the traffic, report.pdf: bytes over time, and the addresses and \
               ports that had most of them.",
        field: |set| &mut set.netviz,
    },
    ScannerInfo {
        name: "tcpdemux",
        default: true,
        help: "Rebuilds the TCP streams. Without it there are no flows.",
        field: |set| &mut set.tcpdemux,
    },
    ScannerInfo {
        name: "wifiviz",
        default: false,
        help: "Lists the wireless networks that announced themselves in 802.11 captures in the \
               report.",
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

#[derive(Clone, Copy, Debug)]
struct Set {
    md5: bool,
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
    let mut on = Set { md5: false, http: false, netviz: false, tcpdemux: true, wifiviz: false };
    for switch in switches {
        match switch {
            Switch::All => on = ALL,
            Switch::Enable(name) => on.turn(name, true)?,
            Switch::Disable(name) => on.turn(name, false)?,
            Switch::Only(name) => {
                on = NONE;
                on.turn(name, true)?;
                on.tcpdemux |= works_on_flows(name);
            }
            Switch::Md5 => on.md5 = true,
        }
    }
    let post_processing = post_processing(switches) && *sink == Sink::Files;
    let hashing = match sink {
        Sink::PacketFiles => false,
        _ => post_processing || switches.contains(&Switch::Md5),
    };
    Ok(Scanners {
        tcpdemux: on.tcpdemux,
        md5: on.md5 && on.tcpdemux && hashing,
        http: on.http && on.tcpdemux && post_processing,
        netviz: on.netviz,
        wifiviz: on.wifiviz,
        http_decompress: true,
    })
}

const ALL: Set = Set { md5: true, http: true, netviz: true, tcpdemux: true, wifiviz: true };
const NONE: Set = Set { md5: false, http: false, netviz: false, tcpdemux: false, wifiviz: false };

impl Set {
    fn turn(&mut self, name: &str, on: bool) -> Result<(), Cause> {
        if name == "all" {
            *self = if on { ALL } else { NONE };
            return Ok(());
        }
        match SCANNERS.iter().find(|scanner| scanner.name == name) {
            Some(scanner) => *(scanner.field)(self) = on,
            None => return Err(Cause::InvalidScanner(name.to_owned())),
        }
        Ok(())
    }
}

/// Whether the scanner looks at finished flows, and is nothing without them.
fn works_on_flows(name: &str) -> bool {
    matches!(name, "http" | "md5")
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
            (scanners.md5, "md5"),
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
        for text in ["-a", "-e tcpdemux", "-e foo", "-e http -x http", "-E http", "-E md5"] {
            assert!(post_processing(&switches(text)), "{text}");
        }
        for text in ["", "-E all", "-E tcpdemux", "-E foo", "-x http", "-FM"] {
            assert!(!post_processing(&switches(text)), "{text}");
        }
    }
}
