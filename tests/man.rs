//! The manual page documents every option, parameter, scanner and code, and nothing that is not
//! there.

use tcpflow::cli::SCANNERS;
use tcpflow::cli::options::{NAMING_LETTERS, OPTIONS, Section};
use tcpflow::output::template::{CODES, DEFAULT_TEMPLATE};
use tcpflow::settings::PARAMETERS;

const PAGE: &str = include_str!("../man/tcpflow.1");

/// The items of the page that begin with this macro, in order, without it.
fn items(start: &str) -> Vec<&'static str> {
    PAGE.lines().filter_map(|line| line.strip_prefix(".It ")?.strip_prefix(start)).collect()
}

#[test]
fn options_are_documented_in_the_order_of_the_help_text() {
    let expected: Vec<_> = OPTIONS
        .iter()
        .filter_map(|option| {
            let argument = option.argument.map_or(String::new(), |name| format!(" Ar {name}"));
            Some(format!("{} , Fl -{}{argument}", option.short?, option.long))
        })
        .collect();
    assert_eq!(items("Fl "), expected);
}

#[test]
fn options_stand_under_the_headings_of_the_help_text() {
    let mut titles = PAGE.lines().filter_map(|line| line.strip_prefix(".Ss "));
    for section in Section::LISTED {
        assert_eq!(titles.next(), Some(section.title()));
    }
}

#[test]
fn parameters_are_documented_with_their_defaults() {
    let expected: Vec<_> = PARAMETERS
        .iter()
        .map(|parameter| match parameter.default {
            "" => format!("{} Ns =", parameter.name),
            default => format!("{} Ns = Ns Cm {default}", parameter.name),
        })
        .collect();
    assert_eq!(items("Va "), expected);
}

#[test]
fn codes_and_letters_are_documented() {
    let (codes, letters): (Vec<_>, Vec<_>) =
        items("Cm ").into_iter().partition(|item| item.starts_with("\\&%"));
    let expected: Vec<_> = CODES.iter().map(|code| format!("\\&%{}", code.letter)).collect();
    assert_eq!(codes, expected);
    let expected: Vec<_> = NAMING_LETTERS.iter().map(|known| known.letter.to_string()).collect();
    assert_eq!(letters, expected);
    assert!(PAGE.contains(&format!(".Ql \\&{DEFAULT_TEMPLATE} .")));
}

#[test]
fn scanners_are_documented() {
    let expected: Vec<_> = SCANNERS.iter().map(|scanner| scanner.name).collect();
    assert_eq!(items("Ic "), expected);
}
