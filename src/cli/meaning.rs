//! From what was said to what it means.
//!
//! Options are gone through once, in order; what they mean together is weighed afterwards. The
//! order of the checks is the original's: what is wrong with a single option, as it comes; then
//! `-z` without `-U`; then the calls for help; then post-processing without files; then the names
//! of scanners; then the template. Until then nothing has been read or made.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

use super::error::Cause;
use super::options::{Id, NAMING_LETTERS, Naming};
use super::said::Said;
use super::switches::{self, Switch};
use super::{Action, completions, help};
use crate::config::{Config, ConsoleForm, ConsoleStyle, Input, InputFile, Phase, Sink};
use crate::output::template::{DEFAULT_TEMPLATE, Template};

/// What `said` asks for. `command_line` is the whole of it, as given.
pub(super) fn interpret(
    program: &str,
    command_line: Vec<OsString>,
    said: Said,
) -> Result<Action, Cause> {
    let mut meaning = Meaning::new(Config::new(program, command_line));
    for (id, value) in said.options {
        if let Some(text) = meaning.hear(id, value)? {
            return Ok(Action::Print(text));
        }
    }
    if meaning.config.chroot.is_some() && meaning.config.user.is_none() {
        return Err(Cause::ChrootWithoutUser);
    }
    if meaning.describe_scanners {
        return Ok(Action::Print(help::scanners()));
    }
    match meaning.help {
        0 => meaning.settle(said.operands),
        1 => Ok(Action::Print(help::brief())),
        _ => Ok(Action::Print(help::full())),
    }
}

/// What was understood so far: settled things in `config`, the rest beside it.
struct Meaning {
    config: Config,
    warnings: Vec<String>,
    help: u32,
    describe_scanners: bool,
    read: Vec<PathBuf>,
    finish: Vec<PathBuf>,
    operands_are_files: bool,
    device: Option<String>,
    promiscuous: bool,
    /// The text of `-T`, and what `-F` said of names behind it.
    template: OsString,
    naming: Vec<Naming>,
    no_files: bool,
    packet_files: bool,
    console: bool,
    style: ConsoleStyle,
    /// The report's place, if `-X` gave one.
    report: Option<PathBuf>,
    switches: Vec<Switch>,
    decompress: bool,
}

impl Meaning {
    fn new(config: Config) -> Self {
        Self {
            config,
            warnings: Vec::new(),
            help: 0,
            describe_scanners: false,
            read: Vec::new(),
            finish: Vec::new(),
            operands_are_files: false,
            device: None,
            promiscuous: true,
            template: DEFAULT_TEMPLATE.into(),
            naming: Vec::new(),
            no_files: false,
            packet_files: false,
            console: false,
            style: ConsoleStyle { header: true, newline: true, ..ConsoleStyle::default() },
            report: None,
            switches: Vec::new(),
            decompress: true,
        }
    }

    /// Takes in one option. Text is to be printed instead of doing anything else.
    fn hear(&mut self, id: Id, value: OsString) -> Result<Option<String>, Cause> {
        match id {
            Id::Read => self.read.push(value.into()),
            Id::Finish => self.finish.push(value.into()),
            Id::Files => self.operands_are_files = true,
            Id::Interface => self.device = Some(text("i", &value)?),
            Id::NoPromiscuous => self.promiscuous = false,
            Id::OutputFolder if value.is_empty() => return Err(Cause::EmptyFolder),
            Id::OutputFolder => self.config.output_folder = value.into(),
            Id::MaxBytes => self.config.byte_limit = Some(number("b", &value)?),
            Id::MaxSkip => {
                // Sequence numbers have 32 bits: no jump is larger.
                self.config.max_seek = number("m", &value)?.try_into().unwrap_or(u32::MAX);
            }
            Id::Index => self.config.index = true,
            Id::PcapFiles => self.packet_files = true,
            Id::Unprocessed => self.config.unprocessed = Some(value.into()),
            // As in the original, an empty name asks for the usual place.
            Id::Report => self.report = (!value.is_empty()).then(|| value.into()),
            Id::MaxFiles => {
                let limit = number("f", &value)?.try_into().unwrap_or(usize::MAX);
                self.config.max_descriptors = Some(limit);
            }
            Id::Template => {
                self.template = value;
                self.naming.clear();
            }
            Id::Naming => self.hear_naming(&value.to_string_lossy()),
            Id::All => self.switches.push(Switch::All),
            Id::Enable => self.switches.push(Switch::Enable(lossy(&value))),
            Id::Only => self.switches.push(Switch::Only(lossy(&value))),
            Id::Disable => self.switches.push(Switch::Disable(lossy(&value))),
            Id::Set => self.config.settings.set(&text("S", &value)?)?,
            Id::NoDecompress => self.decompress = false,
            Id::Console => self.console = true,
            Id::ConsoleBare => {
                self.console = true;
                self.style.header = false;
            }
            // Whatever the order: a dump is a dump, JSON is JSON, and only text can be binary.
            Id::Hex => self.style.form = ConsoleForm::Hex,
            // JSON has the header's facts in it; nor has a dump one that was to be JSON.
            Id::Json => {
                self.style.header = false;
                if self.style.form != ConsoleForm::Hex {
                    self.style.form = ConsoleForm::Json;
                }
            }
            Id::Binary if self.style.form == ConsoleForm::Text => {
                self.style.form = ConsoleForm::Binary;
            }
            Id::Binary => {}
            Id::Color => self.style.color = true,
            Id::NoNewline => self.style.newline = false,
            // Unprintable bytes are replaced anyway, and -B wins over -s in the original too.
            Id::Strip => {}
            Id::Semaphore => self.config.semaphore = Some(text("L", &value)?),
            Id::User => self.config.user = Some(text("U", &value)?),
            Id::Chroot => self.config.chroot = Some(value.into()),
            Id::Help => self.help += 1,
            Id::Scanners => self.describe_scanners = true,
            Id::Version => return Ok(Some(help::version())),
            Id::Verbose => self.config.verbosity.level = 10,
            Id::Debug => self.hear_debug(&value.to_string_lossy()),
            Id::Quiet => self.config.verbosity.quiet = true,
            // Whatever the argument, the line is this one, word for word the original's.
            Id::After => self.warnings.push("-AH has been deprecated. Just use -a".to_owned()),
            Id::NoPurge => {}
            Id::Generate => return completions::generate(&value.to_string_lossy()).map(Some),
        }
        Ok(None)
    }

    fn hear_naming(&mut self, letters: &str) {
        for letter in letters.chars() {
            match NAMING_LETTERS.iter().find(|known| known.letter == letter).map(|l| l.effect) {
                Some(Naming::Md5) => self.switches.push(Switch::Md5),
                Some(Naming::NoFiles) => self.no_files = true,
                Some(naming) => self.naming.push(naming),
                None => self.warn(format_args!("-F: unknown letter '{letter}'")),
            }
        }
    }

    /// A level is what digits come first, as in the original; without any it is 1.
    fn hear_debug(&mut self, value: &str) {
        let number = value.trim_start();
        let number = number.strip_prefix('+').unwrap_or(number);
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        self.config.verbosity.level = match number.get(..end) {
            Some("") | None => {
                self.warn(format_args!("-d: '{value}' is not a debug level; taken as 1"));
                1
            }
            Some(digits) => digits.parse().unwrap_or(u32::MAX),
        };
    }

    /// Weighs everything together.
    fn settle(mut self, operands: Vec<OsString>) -> Result<Action, Cause> {
        if self.no_files && switches::post_processing(&self.switches) {
            return Err(Cause::PostProcessingWithoutFiles);
        }
        self.config.sink = self.sink();
        self.config.scanners = switches::scanners(&self.switches, &self.config.sink)?;
        self.config.scanners.http_decompress = self.decompress;
        self.config.template = self.template()?;
        self.config.report = self.report_path();
        if self.operands_are_files {
            self.read.extend(operands.into_iter().map(PathBuf::from));
        } else {
            let expression = operands.join(OsStr::new(" "));
            self.config.filter =
                expression.into_string().map_err(|text| Cause::FilterText(lossy(&text)))?;
        }
        self.config.input = match (self.read, self.finish) {
            (read, finish) if read.is_empty() && finish.is_empty() => {
                Input::Live { device: self.device, promiscuous: self.promiscuous }
            }
            (read, finish) => {
                let in_phase = |phase| move |path| InputFile { path, phase };
                let read = read.into_iter().map(in_phase(Phase::Normal));
                Input::Files(read.chain(finish.into_iter().map(in_phase(Phase::Finish))).collect())
            }
        };
        Ok(Action::Run(Box::new(self.config), self.warnings))
    }

    /// Several options say where the bytes go; packet files go before the console, and both
    /// before no files at all.
    fn sink(&self) -> Sink {
        match (self.packet_files, self.console, self.no_files) {
            (true, _, _) => Sink::PacketFiles,
            (_, true, _) => Sink::Console(self.style),
            (_, _, true) => Sink::ReportOnly,
            (false, false, false) => Sink::Files,
        }
    }

    fn template(&self) -> Result<Template, Cause> {
        let mut template = Template::parse(self.template.as_encoded_bytes())?;
        for naming in &self.naming {
            match naming {
                Naming::Prepend(text) => template.prepend(text.as_bytes())?,
                Naming::Count => template.always_count(),
                Naming::NoFiles | Naming::Md5 => {}
            }
        }
        let folder = self.config.output_folder.as_os_str();
        template.stay_inside(!folder.is_empty() && folder != ".")?;
        Ok(template)
    }

    /// The report is in the output folder if `-X` does not say otherwise. On the console nobody
    /// expects files, so that only `-X` makes one.
    fn report_path(&self) -> Option<PathBuf> {
        if !self.config.settings.enable_report {
            return None;
        }
        match &self.report {
            None if self.console => None,
            None => {
                // Not joined: the original's `./report.xml` and `out//report.xml` stay as they are.
                let mut path = self.config.output_folder.clone().into_os_string();
                path.push("/report.xml");
                Some(path.into())
            }
            given => given.clone(),
        }
    }

    fn warn(&mut self, warning: impl std::fmt::Display) {
        self.warnings.push(format!("{}: {warning}", self.config.program));
    }
}

/// An argument that other systems take as text.
fn text(option: &'static str, value: &OsStr) -> Result<String, Cause> {
    value.to_str().map(str::to_owned).ok_or_else(|| Cause::BadValue {
        option,
        value: lossy(value),
        expected: "UTF-8",
    })
}

/// A count, in decimal.
fn number(option: &'static str, value: &OsStr) -> Result<u64, Cause> {
    value.to_str().and_then(|text| u64::from_str(text).ok()).ok_or_else(|| Cause::BadValue {
        option,
        value: lossy(value),
        expected: "a whole number of 0 or more",
    })
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}
