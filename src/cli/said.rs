//! What was said: options and operands in order, before anything is made of them.

use std::ffi::OsString;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::error::Cause;
use super::getopt;
use super::options::{Id, OPTIONS, Opt, Section};

/// A command line, understood word by word.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Options with their values, in order; the value is empty where there is none.
    pub(super) options: Vec<(Id, OsString)>,
    /// The words that remain.
    pub(super) operands: Vec<OsString>,
}

const OPERANDS: &str = "expression";

impl Said {
    /// Reads the words behind the program's name.
    pub(super) fn read(words: impl Iterator<Item = OsString>) -> Result<Self, Cause> {
        let words = getopt::normalise(words)?;
        let mut matches = command().try_get_matches_from(words).map_err(|error| {
            // The rest of the message is how to get help, over several lines.
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Cause::Syntax(line.strip_prefix("error: ").unwrap_or(line).to_owned())
        })?;
        let mut options: Vec<_> = OPTIONS.iter().flat_map(|opt| given(opt, &matches)).collect();
        options.sort_by_key(|&(position, ..)| position);
        Ok(Self {
            options: options.into_iter().map(|(_, id, value)| (id, value)).collect(),
            operands: matches.remove_many(OPERANDS).into_iter().flatten().collect(),
        })
    }
}

/// Where an option was given, and with which values.
fn given(option: &Opt, matches: &ArgMatches) -> Vec<(usize, Id, OsString)> {
    let positions = matches.indices_of(option.long).into_iter().flatten();
    let values = matches.get_many::<OsString>(option.long).into_iter().flatten();
    positions.zip(values).map(|(at, value)| (at, option.id, value.clone())).collect()
}

/// The parser: the table of options, as clap has it.
pub(super) fn command() -> Command {
    Command::new("tcpflow")
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(OPTIONS.iter().map(arg))
        .arg(Arg::new(OPERANDS).num_args(0..).value_parser(OsStringValueParser::new()))
}

fn arg(option: &Opt) -> Arg {
    let arg = Arg::new(option.long)
        .long(option.long)
        .help(option.brief)
        .hide(option.section == Section::Hidden)
        .value_parser(OsStringValueParser::new())
        .action(ArgAction::Append);
    let arg = match option.argument {
        Some(name) => arg.value_name(name).num_args(1).allow_hyphen_values(true),
        // Only appended values have a position; a counted flag knows its last one alone.
        None => arg.num_args(0).default_missing_value(""),
    };
    match option.short {
        Some(letter) => arg.short(letter),
        None => arg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &str) -> Result<Said, String> {
        let words = words.split(' ').filter(|word| !word.is_empty()).map(OsString::from);
        Said::read(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_table_makes_a_sound_parser() {
        command().debug_assert();
    }

    #[test]
    fn letters_and_names_are_given_once() {
        for (number, option) in OPTIONS.iter().enumerate() {
            for other in &OPTIONS[number + 1..] {
                assert_ne!(option.id, other.id, "{}", option.long);
                assert_ne!(option.long, other.long);
                assert!(option.short.is_none() || option.short != other.short, "{}", option.long);
            }
        }
    }

    #[test]
    fn order_is_kept_across_options() {
        let said = said("-e md5 port -aFM 80 -xmd5 -a -cc -e=x").unwrap();
        let expected = [
            (Id::Enable, "md5"),
            (Id::All, ""),
            (Id::Naming, "M"),
            (Id::Disable, "md5"),
            (Id::All, ""),
            (Id::Console, ""),
            (Id::Console, ""),
            (Id::Enable, "=x"),
        ];
        assert_eq!(said.options, expected.map(|(id, value)| (id, value.into())));
        assert_eq!(said.operands, ["port", "80"]);
    }

    #[test]
    fn what_cannot_be_read_is_one_line() {
        for (words, expected) in [
            ("-k", "unexpected argument '-k' found (-h for help)"),
            ("--bogus", "unexpected argument '--bogus' found (-h for help)"),
            (
                "--help=3",
                "unexpected value '3' for '--help' found; no more were expected (-h for help)",
            ),
        ] {
            assert_eq!(said(words).unwrap_err(), expected);
        }
    }

    #[test]
    fn values_may_be_empty_or_look_like_options() {
        let words = ["-X", "", "-T", "--", "-o", "-V"].map(OsString::from);
        let said = Said::read(words.into_iter()).unwrap();
        let expected = [(Id::Report, ""), (Id::Template, "--"), (Id::OutputFolder, "-V")];
        assert_eq!(said.options, expected.map(|(id, value)| (id, value.into())));
    }
}
