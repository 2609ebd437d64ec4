//! The table of options: everything about an option stands here, once.
//!
//! From it come the parser, the help texts, the shell completions, and the check that the manual
//! page leaves nothing out. What an option does to a run is in the module `meaning`.

/// Which option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table below says what each one is")]
pub enum Id {
    Read,
    Finish,
    Files,
    Interface,
    NoPromiscuous,
    OutputFolder,
    MaxBytes,
    MaxSkip,
    Index,
    PcapFiles,
    Unprocessed,
    Report,
    MaxFiles,
    Template,
    Naming,
    All,
    Enable,
    Only,
    Disable,
    Set,
    NoDecompress,
    Console,
    ConsoleBare,
    Binary,
    Hex,
    Json,
    Color,
    NoNewline,
    Strip,
    Semaphore,
    User,
    Chroot,
    Help,
    Scanners,
    Version,
    Verbose,
    Debug,
    Quiet,
    After,
    NoPurge,
    Generate,
}

/// Under which heading help lists an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the headings say it")]
pub enum Section {
    Input,
    Output,
    Naming,
    Scanners,
    Console,
    Privileges,
    Information,
    Obsolete,
    /// For the makers of packages; not listed.
    Hidden,
}

/// Everything about an option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// Which one.
    pub id: Id,
    /// Its letter.
    pub short: Option<char>,
    /// Its long name.
    pub long: &'static str,
    /// What help calls its argument; `None` if it takes none.
    pub argument: Option<&'static str>,
    /// Where help lists it.
    pub section: Section,
    /// What it does, in a few words.
    pub brief: &'static str,
    /// What else there is to know; often nothing.
    pub more: &'static str,
}

impl Section {
    /// The sections that help lists, in order.
    pub const LISTED: [Self; 8] = [
        Self::Input,
        Self::Output,
        Self::Naming,
        Self::Scanners,
        Self::Console,
        Self::Privileges,
        Self::Information,
        Self::Obsolete,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Input => "Where packets come from",
            Self::Output => "What is written",
            Self::Naming => "How flow files are named",
            Self::Scanners => "What is looked for in the flows",
            Self::Console => "Printing instead of writing files",
            Self::Privileges => "Privileges",
            Self::Information => "Information and messages",
            Self::Obsolete => "Accepted for old scripts",
            Self::Hidden => "",
        }
    }
}

/// An option without an argument.
const fn flag(id: Id, short: char, long: &'static str, section: Section) -> Opt {
    Opt { id, short: Some(short), long, argument: None, section, brief: "", more: "" }
}

impl Opt {
    const fn argument(self, name: &'static str) -> Self {
        Self { argument: Some(name), ..self }
    }

    const fn brief(self, brief: &'static str) -> Self {
        Self { brief, ..self }
    }

    const fn more(self, more: &'static str) -> Self {
        Self { more, ..self }
    }
}

/// Every option, in the order in which help lists them.
pub const OPTIONS: &[Opt] = &[
    flag(Id::Read, 'r', "read", Section::Input)
        .argument("FILE")
        .brief("read packets from this capture file; - is standard input")
        .more(
            "May be repeated; the files are read in the order given. pcap and pcapng, plain or \
             compressed with gzip, bzip2, xz, lzma, zstd, lz4 or zip.",
        ),
    flag(Id::Finish, 'R', "finish", Section::Input)
        .argument("FILE")
        .brief("after all others, read this file only to finish known flows")
        .more("Packets of flows that the other inputs did not begin are ignored."),
    flag(Id::Files, 'l', "files", Section::Input)
        .brief("the remaining words are capture files, not an expression"),
    flag(Id::Interface, 'i', "interface", Section::Input)
        .argument("IFACE")
        .brief("capture from this network interface")
        .more("Without any input option, the first interface that libpcap finds."),
    flag(Id::NoPromiscuous, 'p', "no-promiscuous", Section::Input)
        .brief("do not put the interface into promiscuous mode"),
    flag(Id::OutputFolder, 'o', "output", Section::Output)
        .argument("DIR")
        .brief("write into this folder (default .), made if it is not there"),
    flag(Id::MaxBytes, 'b', "max-bytes", Section::Output)
        .argument("N")
        .brief("keep only the first N bytes of each flow"),
    flag(Id::MaxSkip, 'm', "max-skip", Section::Output)
        .argument("N")
        .brief("a jump of over N bytes begins a new flow (default 16777216)"),
    flag(Id::Index, 'I', "index", Section::Output)
        .brief("beside each flow file write NAME.findx: what arrived when"),
    flag(Id::PcapFiles, 'K', "pcap-files", Section::Output)
        .brief("write the packets of each flow to a pcap file instead of its bytes"),
    flag(Id::Unprocessed, 'w', "unprocessed", Section::Output)
        .argument("FILE")
        .brief("write IP packets that were not processed to this pcap file"),
    flag(Id::Report, 'X', "report", Section::Output)
        .argument("FILE")
        .brief("where the DFXML report goes (default DIR/report.xml)"),
    flag(Id::MaxFiles, 'f', "max-files", Section::Output)
        .argument("N")
        .brief("have at most N flow files open at once")
        .more(
            "Any number of flows is handled with any limit. With less than 512, one thread writes \
             all files.",
        ),
    flag(Id::Template, 'T', "template", Section::Naming)
        .argument("TEMPLATE")
        .brief("name files by this template (default %A.%a-%B.%b%V%v%C%c)")
        .more(
            "The codes are listed below. %C%c is appended if %c does not occur; a slash makes \
             folders. Undoes what -F said of names before it.",
        ),
    flag(Id::Naming, 'F', "naming", Section::Naming)
        .argument("LETTERS")
        .brief("change the template or the output, by letters listed with -hh"),
    flag(Id::All, 'a', "all", Section::Scanners)
        .brief("run all scanners but sha1, sha256; post-process flows"),
    flag(Id::Enable, 'e', "enable", Section::Scanners)
        .argument("SCANNER")
        .brief("turn on a scanner (or all), and post-processing"),
    flag(Id::Only, 'E', "only", Section::Scanners)
        .argument("SCANNER")
        .brief("turn off all scanners but this one")
        .more("http and hashes keep tcpdemux, which they work on, and post-processing."),
    flag(Id::Disable, 'x', "disable", Section::Scanners)
        .argument("SCANNER")
        .brief("turn off a scanner (or all)")
        .more("-a, -e, -E, -x and -FM are obeyed one after the other, as given."),
    flag(Id::Set, 'S', "set", Section::Scanners)
        .argument("NAME=VALUE")
        .brief("set a parameter; -H lists them"),
    flag(Id::NoDecompress, 'Z', "no-decompress", Section::Scanners)
        .brief("leave compressed HTTP bodies as they are"),
    flag(Id::Console, 'c', "console", Section::Console)
        .brief("print packets as they arrive, each with a header; write no files")
        .more("No report is written either, unless -X says where."),
    flag(Id::ConsoleBare, 'C', "console-bare", Section::Console)
        .brief("the same without the header"),
    flag(Id::Binary, 'B', "binary", Section::Console)
        .brief("print all bytes as they are, not . for those unprintable"),
    flag(Id::Hex, 'D', "hex", Section::Console).brief("print a hexadecimal dump"),
    flag(Id::Json, 'J', "json", Section::Console).brief("print one JSON object a packet"),
    flag(Id::Color, 'g', "color", Section::Console)
        .brief("blue from client to server, red the other way"),
    flag(Id::NoNewline, '0', "no-newline", Section::Console).brief("no newline after each packet"),
    flag(Id::Strip, 's', "strip", Section::Console)
        .brief("print . for unprintable bytes, as is done anyway without -B"),
    flag(Id::Semaphore, 'L', "semaphore", Section::Console)
        .argument("NAME")
        .brief("hold this POSIX semaphore while a packet is printed")
        .more("Several programs can then share a terminal. Made if it is not there."),
    flag(Id::User, 'U', "relinquish-privileges", Section::Privileges)
        .argument("USER")
        .brief("become this user once the first input is open"),
    flag(Id::Chroot, 'z', "chroot", Section::Privileges)
        .argument("DIR")
        .brief("make this folder the root, too; only with -U"),
    flag(Id::Help, 'h', "help", Section::Information)
        .brief("print this help and exit; -hh prints more"),
    flag(Id::Scanners, 'H', "scanners", Section::Information)
        .brief("describe every scanner and every parameter, and exit"),
    flag(Id::Version, 'V', "version", Section::Information).brief("print the version and exit"),
    flag(Id::Verbose, 'v', "verbose", Section::Information).brief("the same as -d 10"),
    flag(Id::Debug, 'd', "debug", Section::Information)
        .argument("LEVEL")
        .brief("how much to say: 0 only errors, 1 the default, 10 everything"),
    flag(Id::Quiet, 'q', "quiet", Section::Information).brief("no warnings, no progress"),
    flag(Id::After, 'A', "after", Section::Obsolete)
        .argument("X")
        .brief("ignored with a warning; -a took its place"),
    flag(Id::NoPurge, 'P', "no-purge", Section::Obsolete).brief("ignored"),
    Opt {
        id: Id::Generate,
        short: None,
        long: "generate",
        argument: Some("WHAT"),
        section: Section::Hidden,
        brief: "print complete-bash, complete-zsh or complete-fish, and exit",
        more: "",
    },
];

/// A letter of `-F`.
#[derive(Clone, Copy, Debug)]
pub struct NamingLetter {
    /// The letter.
    pub letter: char,
    /// What it does, in a few words.
    pub help: &'static str,
    pub(super) effect: Naming,
}

/// What a letter of `-F` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Puts this in front of the template.
    Prepend(&'static str),
    /// Counts every file.
    Count,
    /// Writes no flow files.
    NoFiles,
    /// Turns on MD5.
    Md5,
}

/// Every letter of `-F`.
#[rustfmt::skip]
pub const NAMING_LETTERS: &[NamingLetter] = &[
    NamingLetter { letter: 'c', help: "a count on every file, 0 too", effect: Naming::Count },
    NamingLetter { letter: 't', help: "the time in seconds since 1970 in front", effect: Naming::Prepend("%tT") },
    NamingLetter { letter: 'T', help: "the time as 2008-10-06T17:54:54Z in front", effect: Naming::Prepend("%T") },
    NamingLetter { letter: 'k', help: "a folder for every 1000 flows", effect: Naming::Prepend("%K/") },
    NamingLetter { letter: 'm', help: "the same for a million flows, in 2 levels", effect: Naming::Prepend("%M000-%M999/%M%K/") },
    NamingLetter { letter: 'g', help: "the same for more flows, in 3 levels", effect: Naming::Prepend("%G000000-%G999999/%G%M000-%G%M999/%G%M%K/") },
    NamingLetter { letter: 'X', help: "write no flow files, only the report", effect: Naming::NoFiles },
    NamingLetter { letter: 'M', help: "put the MD5 of every flow into the report", effect: Naming::Md5 },
];
