//! What `-h`, `-hh`, `-H` and `-V` print, made from the tables.

use std::fmt::Write;

use super::options::{NAMING_LETTERS, OPTIONS, Opt, Section};
use super::switches::SCANNERS;
use crate::output::template::{CODES, DEFAULT_TEMPLATE};
use crate::settings::PARAMETERS;

/// The column in which descriptions begin.
const COLUMN: usize = 28;
/// The column in which lines end.
const WIDTH: usize = 80;

/// `-V`
pub(super) fn version() -> String {
    format!("TCPFLOW {}\n", env!("CARGO_PKG_VERSION"))
}

/// `-h`
pub(super) fn brief() -> String {
    let mut out = opening();
    options(&mut out, |_| "");
    out.push_str("\n-hh tells more, -H describes scanners and parameters, tcpflow(1) tells all.\n");
    out
}

/// `-hh`
pub(super) fn full() -> String {
    let mut out = opening();
    options(&mut out, |option| option.more);
    heading(&mut out, "Letters of -F, obeyed in the order given");
    for letter in NAMING_LETTERS {
        entry(&mut out, &format!("-F{}", letter.letter), letter.help);
    }
    heading(&mut out, &format!("Codes of file-name templates (default {DEFAULT_TEMPLATE})"));
    for code in CODES {
        entry(&mut out, &format!("%{}", code.letter), code.help);
    }
    parameters(&mut out);
    scanner_names(&mut out);
    out
}

/// `-H`
pub(super) fn scanners() -> String {
    let mut out = "Scanners:\n".to_owned();
    for scanner in SCANNERS {
        let state = if scanner.default { "on" } else { "off" };
        push(&mut out, format_args!("\n  {} ({state} by default)\n", scanner.name));
        paragraph(&mut out, 6, scanner.help);
    }
    parameters(&mut out);
    scanner_names(&mut out);
    out
}

fn opening() -> String {
    format!(
        "TCPFLOW version {}

Rebuilds the TCP streams in captured packets: a file for each direction of
each connection.

usage: tcpflow [options] [expression]
       tcpflow [options] -l FILE...

The expression says which packets to take, as in pcap-filter(7); options may
stand anywhere.
",
        env!("CARGO_PKG_VERSION")
    )
}

/// All options by section, each followed by what `more` tells of it.
fn options(out: &mut String, more: impl Fn(&Opt) -> &'static str) {
    for section in Section::LISTED {
        heading(out, section.title());
        for option in OPTIONS.iter().filter(|option| option.section == section) {
            entry(out, &synopsis(option), option.brief);
            paragraph(out, COLUMN, more(option));
        }
    }
}

/// `-r, --read FILE`
fn synopsis(option: &Opt) -> String {
    let short = option.short.map_or_else(String::new, |letter| format!("-{letter}, "));
    let argument = option.argument.map_or_else(String::new, |name| format!(" {name}"));
    format!("{short}--{}{argument}", option.long)
}

fn parameters(out: &mut String) {
    heading(out, "Parameters and their defaults");
    for parameter in PARAMETERS {
        let owner = match parameter.scanner {
            "" => String::new(),
            scanner => format!(" ({scanner})"),
        };
        let default = format!("-S {}={}", parameter.name, parameter.default);
        entry(out, &default, &format!("{}{owner}", parameter.help));
    }
}

fn scanner_names(out: &mut String) {
    let names = |default: bool| {
        let named = SCANNERS.iter().filter(|scanner| scanner.default == default);
        named.map(|scanner| scanner.name).collect::<Vec<_>>().join(", ")
    };
    push(out, format_args!("\nOff by default, turned on by -e: {}\n", names(false)));
    push(out, format_args!("On by default, turned off by -x: {}\n", names(true)));
}

fn heading(out: &mut String, text: &str) {
    push(out, format_args!("\n{text}:\n"));
}

/// A description beside what it describes, or below it if there is no room.
fn entry(out: &mut String, what: &str, description: &str) {
    push(out, format_args!("  {what}"));
    let used = what.len() + 2;
    let mut text = String::new();
    paragraph(&mut text, COLUMN, description);
    match text.get(used..) {
        Some(beside) if used + 2 <= COLUMN => out.push_str(beside),
        _ => push(out, format_args!("\n{text}")),
    }
}

/// Text in lines of at most [`WIDTH`] columns, `indent` of them empty.
fn paragraph(out: &mut String, indent: usize, text: &str) {
    let mut column = WIDTH;
    for (number, word) in text.split_whitespace().enumerate() {
        if column + 1 + word.len() > WIDTH {
            out.push_str(if number > 0 { "\n" } else { "" });
            push(out, format_args!("{:indent$}{word}", ""));
            column = indent + word.len();
        } else {
            push(out, format_args!(" {word}"));
            column += 1 + word.len();
        }
    }
    out.push_str(if text.is_empty() { "" } else { "\n" });
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}
