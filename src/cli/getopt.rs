//! Restores the rules of GNU `getopt_long` in front of clap.
//!
//! Words as typed become words that can be read in one way only: every option by its long name,
//! its value behind a `=`, and all operands behind `--`. The rules that clap does not share:
//!
//! - An argument is the next word, whatever it looks like (`-S -r`), and keeps a leading `=` when
//!   it is attached to a letter (`-T=x`).
//! - Long options may be abbreviated. The five long names of the original go first: an
//!   abbreviation that means one of them keeps that meaning however many names were added since,
//!   and one that is ambiguous among them stays an error. Only what fits none of the five may
//!   stand for another name. A name that is written out always means itself.
//!
//! The variable `POSIXLY_CORRECT`, which makes getopt stop at the first operand, is not looked at:
//! options behind the expression are what people type.
//!
//! Unknown options, and values of options that take none, pass for clap to refuse.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::error::Cause;
use super::options::{Id, OPTIONS, Opt};

/// The long options that the original knows.
const ORIGINAL_NAMES: [&str; 5] = ["chroot", "help", "relinquish-privileges", "verbose", "version"];

/// Rewrites `words`, which do not include the program's name.
///
/// Words behind an option that asks for the version are left out: the original prints it as soon
/// as it comes to that option, and never looks at what follows.
pub(super) fn normalise(words: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, Cause> {
    let mut normal = Normaliser { words, options: Vec::new(), operands: Vec::new(), done: false };
    while !normal.done
        && let Some(word) = normal.words.next()
    {
        normal.take(word)?;
    }
    let Normaliser { words, mut options, mut operands, .. } = normal;
    if !options.last().is_some_and(|last| last == "--version") {
        operands.extend(words);
    }
    options.push("--".into());
    options.append(&mut operands);
    Ok(options)
}

struct Normaliser<I> {
    words: I,
    options: Vec<OsString>,
    operands: Vec<OsString>,
    /// No option can follow.
    done: bool,
}

impl<I: Iterator<Item = OsString>> Normaliser<I> {
    fn take(&mut self, word: OsString) -> Result<(), Cause> {
        match word.as_bytes() {
            b"--" => self.done = true,
            [b'-', b'-', name @ ..] => self.long(&word, name)?,
            [b'-', letters @ ..] if !letters.is_empty() => self.cluster(letters)?,
            _ => self.operands.push(word),
        }
        Ok(())
    }

    /// `--name`, `--name=value`, or the beginning of a name.
    fn long(&mut self, word: &OsStr, text: &[u8]) -> Result<(), Cause> {
        let mut parts = text.splitn(2, |&byte| byte == b'=');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next());
        match (find(name)?, value) {
            (Some(option), Some(value)) => self.push(option, Some(value)),
            (Some(option), None) => self.push_with_next(option)?,
            (None, _) => self.options.push(word.to_owned()),
        }
        Ok(())
    }

    /// `-abc`: letters up to one that takes an argument, which is the rest or the next word.
    fn cluster(&mut self, letters: &[u8]) -> Result<(), Cause> {
        let mut rest = letters;
        while let [letter, tail @ ..] = rest
            && !self.done
        {
            rest = tail;
            let letter = char::from(*letter);
            match OPTIONS.iter().find(|option| option.short == Some(letter)) {
                Some(option) if option.argument.is_some() && !tail.is_empty() => {
                    self.push(option, Some(tail));
                    rest = &[];
                }
                Some(option) => self.push_with_next(option)?,
                None => self.options.push(OsString::from_vec(vec![b'-', letter as u8])),
            }
        }
        Ok(())
    }

    /// An option whose argument, if it takes one, is the next word.
    fn push_with_next(&mut self, option: &'static Opt) -> Result<(), Cause> {
        let Some(argument) = option.argument else {
            self.push(option, None);
            return Ok(());
        };
        let Some(value) = self.words.next() else {
            let option = match option.short {
                Some(letter) => format!("-{letter} (--{})", option.long),
                None => format!("--{}", option.long),
            };
            return Err(Cause::MissingArgument { option, argument });
        };
        self.push(option, Some(value.as_bytes()));
        Ok(())
    }

    fn push(&mut self, option: &Opt, value: Option<&[u8]>) {
        let mut word = format!("--{}", option.long).into_bytes();
        if let Some(value) = value {
            word.push(b'=');
            word.extend_from_slice(value);
        }
        self.options.push(OsString::from_vec(word));
        self.done |= option.id == Id::Version;
    }
}

/// The option that `name` means, if any.
fn find(name: &[u8]) -> Result<Option<&'static Opt>, Cause> {
    if let Some(exact) = OPTIONS.iter().find(|option| option.long.as_bytes() == name) {
        return Ok(Some(exact));
    }
    let fits = |option: &&Opt| option.long.as_bytes().starts_with(name);
    let (original, added): (Vec<_>, Vec<_>) =
        OPTIONS.iter().filter(fits).partition(|option| ORIGINAL_NAMES.contains(&option.long));
    let candidates = if original.is_empty() { added } else { original };
    match *candidates.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [first, second, ..] => Err(Cause::Ambiguous {
            word: format!("--{}", String::from_utf8_lossy(name)),
            first: first.long,
            second: second.long,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(words: &str) -> String {
        let words = words.split(' ').filter(|word| !word.is_empty()).map(OsString::from);
        match normalise(words) {
            Ok(words) => words.join(OsStr::new(" ")).into_string().unwrap(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn letters_cluster_and_values_attach() {
        assert_eq!(normal("-aBc"), "--all --binary --console --");
        assert_eq!(normal("-cofoo"), "--console --output=foo --");
        assert_eq!(normal("-d10 -FkT -T%A"), "--debug=10 --naming=kT --template=%A --");
        assert_eq!(normal("-T=x"), "--template==x --");
        assert_eq!(normal("-hh"), "--help --help --");
        assert_eq!(normal("-S -r -r --"), "--set=-r --read=-- --");
    }

    #[test]
    fn options_may_stand_behind_operands() {
        assert_eq!(normal("port 80 -r x or"), "--read=x -- port 80 or");
        assert_eq!(normal("-c -- -r x"), "--console -- -r x");
        assert_eq!(normal("- -c"), "--console -- -");
        assert_eq!(normal("a -- --"), "-- a --");
    }

    #[test]
    fn abbreviations_of_the_original_keep_their_meaning() {
        assert_eq!(normal("--c=x"), "--chroot=x --");
        assert_eq!(normal("--c x"), "--chroot=x --");
        assert_eq!(normal("--r x"), "--relinquish-privileges=x --");
        assert_eq!(normal("--h"), "--help --");
        assert_eq!(normal("--vers --verb"), "--version --", "the version comes first");
        assert_eq!(normal("--verb"), "--verbose --");
        for word in ["--v", "--ver"] {
            let expected = format!("option '{word}' is ambiguous: '--version' or '--verbose'?");
            assert_eq!(normal(word), expected);
        }
    }

    #[test]
    fn names_that_were_added_are_found_beside_them() {
        assert_eq!(normal("--console"), "--console --", "though it is the beginning of another");
        assert_eq!(normal("--rea=a=b"), "--read=a=b --");
        assert_eq!(normal("--rep="), "--report= --");
        assert!(normal("--no").starts_with("option '--no' is ambiguous"));
    }

    #[test]
    fn nothing_is_read_behind_the_version() {
        assert_eq!(normal("-cVk x"), "--console --version --");
        assert_eq!(normal("x --version --nonsense"), "--version -- x");
    }

    #[test]
    fn what_is_wrong_passes_through_to_the_parser() {
        assert_eq!(normal("-ck"), "--console -k --");
        assert_eq!(normal("--bogus=1"), "--bogus=1 --");
        assert_eq!(normal("--help=3"), "--help=3 --");
    }

    #[test]
    fn an_argument_that_is_missing_is_not_made_up() {
        let expected = "option -r (--read) needs an argument: FILE";
        for words in ["-r", "port 80 -cr", "--rea"] {
            assert_eq!(normal(words), expected);
        }
        assert_eq!(normal("--read="), "--read= --", "empty is not missing");
    }

    #[test]
    fn values_are_bytes() {
        let words = [b"-T\xff=\xfe".to_vec(), b"-\xc3\xa9".to_vec()].map(OsString::from_vec);
        let normal = normalise(words.into_iter()).unwrap();
        assert_eq!(normal[0].as_bytes(), b"--template=\xff=\xfe");
        assert_eq!(normal[1].as_bytes(), b"-\xc3", "getopt reads letters byte by byte");
    }
}
