//! From words to configurations.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::options::OPTIONS;
use super::{Action, parse};
use crate::app::Exit;
use crate::config::{Config, ConsoleForm, ConsoleStyle, Input, InputFile, Phase, Sink};
use crate::output::template::Template;

fn words(text: &str) -> impl Iterator<Item = OsString> {
    std::iter::once("tcpflow").chain(text.split_whitespace()).map(OsString::from)
}

fn run(text: &str) -> (Config, Vec<String>) {
    match parse(words(text)) {
        Ok(Action::Run(config, warnings)) => (*config, warnings),
        other => panic!("{text}: {other:?}"),
    }
}

fn config(text: &str) -> Config {
    let (config, warnings) = run(text);
    assert!(warnings.is_empty(), "{text}: {warnings:?}");
    config
}

fn printed(text: &str) -> String {
    match parse(words(text)) {
        Ok(Action::Print(text)) => text,
        other => panic!("{text}: {other:?}"),
    }
}

fn refused(text: &str) -> (Exit, String) {
    match parse(words(text)) {
        Err(error) => (error.exit, error.to_string()),
        Ok(action) => panic!("{text}: {action:?}"),
    }
}

fn template(text: &str) -> Template {
    Template::parse(text.as_bytes()).unwrap()
}

#[test]
fn nothing_said_means_the_first_device_and_a_report() {
    let config = config("");
    assert_eq!(config.input, Input::Live { device: None, promiscuous: true });
    assert_eq!(config.sink, Sink::Files);
    assert_eq!(config.report.as_deref(), Some(Path::new("./report.xml")));
    assert_eq!(config.command_line, ["tcpflow"]);
    assert!(config.scanners.tcpdemux && config.scanners.http_decompress);
    assert_eq!(config.max_seek, 16 * 1024 * 1024);
    assert_eq!((config.verbosity.level, config.verbosity.quiet), (1, false));
}

#[test]
fn inputs_are_read_options_first_and_finishing_files_last() {
    let files = |text: &str| match config(text).input {
        Input::Files(files) => files
            .into_iter()
            .map(|InputFile { path, phase }| format!("{}:{phase:?}", path.display()))
            .collect::<Vec<_>>()
            .join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!(files("-r a -r b"), "a:Normal b:Normal");
    assert_eq!(files("-R c -l -r a b -"), "a:Normal b:Normal -:Normal c:Finish");
    assert_eq!(files("-i lo -R c"), "c:Finish");
    assert_eq!(config("-l a b").filter, "");
    assert_eq!(config("-l").input, Input::Live { device: None, promiscuous: true });
    let live = Input::Live { device: Some("lo".into()), promiscuous: false };
    assert_eq!(config("-pilo").input, live);
}

#[test]
fn the_words_that_remain_are_the_expression() {
    assert_eq!(config("port 80 -r x or port 81 -c").filter, "port 80 or port 81");
    assert_eq!(config("-r x -- -c port").filter, "-c port");
    let bytes = [b"tcpflow".to_vec(), b"port\xff".to_vec()].map(OsString::from_vec);
    let error = parse(bytes.into_iter()).unwrap_err();
    assert_eq!(error.exit, Exit::Failure);
    assert!(error.to_string().starts_with("tcpflow: the filter expression is not UTF-8"));
}

#[test]
fn paths_are_bytes() {
    let bytes = [b"tcpflow".to_vec(), b"-r\xff.pcap".to_vec()].map(OsString::from_vec);
    let Ok(Action::Run(config, _)) = parse(bytes.into_iter()) else { panic!() };
    let path = PathBuf::from(OsString::from_vec(b"\xff.pcap".to_vec()));
    assert_eq!(config.input, Input::Files(vec![InputFile { path, phase: Phase::Normal }]));
}

/// Which of several options about output wins was found out with the original.
#[test]
fn one_sink_wins_whatever_the_order() {
    let console = ConsoleStyle { header: true, newline: true, ..ConsoleStyle::default() };
    let bare = ConsoleStyle { header: false, ..console };
    let form = |form| Sink::Console(ConsoleStyle { form, ..console });
    let bare_form = |form| Sink::Console(ConsoleStyle { form, ..bare });
    for (text, sink) in [
        ("-c", Sink::Console(console)),
        ("-C", Sink::Console(bare)),
        ("-c -C", Sink::Console(bare)),
        ("-C -c", Sink::Console(bare)),
        ("-c -FX", Sink::Console(console)),
        ("-FX", Sink::ReportOnly),
        ("-K -c -FX", Sink::PacketFiles),
        ("-D", Sink::Files),
        ("-J -B -g -0 -s", Sink::Files),
        ("-cB", form(ConsoleForm::Binary)),
        ("-sBc", form(ConsoleForm::Binary)),
        ("-Bsc", form(ConsoleForm::Binary)),
        ("-cJ", bare_form(ConsoleForm::Json)),
        ("-cBJ", bare_form(ConsoleForm::Json)),
        ("-cJB", bare_form(ConsoleForm::Json)),
        ("-cD", form(ConsoleForm::Hex)),
        ("-cJD", bare_form(ConsoleForm::Hex)),
        ("-cDJB", bare_form(ConsoleForm::Hex)),
        ("-cg0", Sink::Console(ConsoleStyle { color: true, newline: false, ..console })),
    ] {
        assert_eq!(config(text).sink, sink, "{text}");
    }
}

#[test]
fn the_report_is_in_the_output_folder_unless_told_otherwise() {
    for (text, report) in [
        ("-o out", Some("out/report.xml")),
        ("-o out/", Some("out//report.xml")),
        ("-o out -X x.xml", Some("x.xml")),
        ("-o out --report=", Some("out/report.xml")),
        ("-c", None),
        ("-C -o out", None),
        ("-c -X x.xml", Some("x.xml")),
        ("-K", Some("./report.xml")),
        ("-FX", Some("./report.xml")),
        ("-S enable_report=NO", None),
        ("-X x.xml -S enable_report=no", None),
    ] {
        assert_eq!(config(text).report.as_deref(), report.map(Path::new), "{text}");
    }
}

#[test]
fn naming_letters_change_the_template_before_them() {
    let default = "%A.%a-%B.%b%V%v";
    for (text, expected) in [
        ("-Ft", format!("%tT{default}%C%c")),
        ("-FtT", format!("%T%tT{default}%C%c")),
        ("-FTt", format!("%tT%T{default}%C%c")),
        ("-Fk", format!("%K/{default}%C%c")),
        ("-Fm", format!("%M000-%M999/%M%K/{default}%C%c")),
        ("-Fg", format!("%G000000-%G999999/%G%M000-%G%M999/%G%M%K/{default}%C%c")),
        ("-FgT", format!("%T%G000000-%G999999/%G%M000-%G%M999/%G%M%K/{default}%C%c")),
        ("-T %A%c", "%A%c".to_owned()),
        ("-T=%A", "=%A".to_owned()),
        ("-T %A -Fk", "%K/%A%C%c".to_owned()),
        ("-Fkt -T %A -Ft", "%tT%A%C%c".to_owned()),
    ] {
        assert_eq!(config(text).template, template(&expected), "{text}");
    }
    let mut counted = Template::default();
    counted.always_count();
    assert_eq!(config("-Fc").template, counted);
    assert_eq!(config("-Fcc").template, counted);
    assert_eq!(config("-FX -T x").sink, Sink::ReportOnly, "only names are undone");
}

#[test]
fn an_unknown_naming_letter_is_told_and_the_run_goes_on() {
    let (config, warnings) = run("-FqtzX");
    assert_eq!(warnings, ["tcpflow: -F: unknown letter 'q'", "tcpflow: -F: unknown letter 'z'"]);
    assert_eq!(config.sink, Sink::ReportOnly);
}

#[test]
fn the_old_option_for_all_does_nothing_but_say_so() {
    let (config, warnings) = run("-AH -A x");
    assert_eq!(warnings, ["-AH has been deprecated. Just use -a"; 2]);
    assert!(!config.scanners.http);
}

#[test]
fn debug_levels_are_read_leniently() {
    for (text, level) in [
        ("-d0", 0),
        ("-d 10", 10),
        ("-d+2", 2),
        ("-d3x", 3),
        ("-d1.5", 1),
        ("-v", 10),
        ("-v -d0", 0),
        ("-d0 -v", 10),
        ("-d99999999999", u32::MAX),
    ] {
        assert_eq!(config(text).verbosity.level, level, "{text}");
    }
    for text in ["-d-5", "-dabc", "--debug="] {
        let (config, warnings) = run(text);
        assert_eq!(config.verbosity.level, 1, "{text}");
        assert_eq!(warnings.len(), 1, "{text}");
    }
}

#[test]
fn numbers_are_numbers() {
    let limits = config("-b 99999999999 -f 8 -m 1000");
    assert_eq!(limits.byte_limit, Some(99_999_999_999));
    assert_eq!(limits.max_descriptors, Some(8));
    assert_eq!(limits.max_seek, 1000);
    assert_eq!(config("-b0").byte_limit, Some(0));
    assert_eq!(config("-m 99999999999").max_seek, u32::MAX);
    for (text, line) in [
        ("-b x", "tcpflow: -b: 'x' is not a whole number of 0 or more"),
        ("-m-1", "tcpflow: -m: '-1' is not a whole number of 0 or more"),
        ("--max-files=1k", "tcpflow: -f: '1k' is not a whole number of 0 or more"),
    ] {
        assert_eq!(refused(text), (Exit::Usage, line.to_owned()));
    }
}

#[test]
fn words_that_cannot_be_understood_exit_with_2() {
    for text in ["-k", "-r", "--bogus", "--ver", "--verbose=1", "--generate x", "-c -k x"] {
        let (exit, line) = refused(text);
        assert_eq!(exit, Exit::Usage, "{text}");
        assert!(line.starts_with("tcpflow: ") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn words_that_make_no_sense_exit_with_1() {
    for (text, line) in [
        ("-z dir", "tcpflow: -z option requires -U option"),
        ("--c=dir -H", "tcpflow: -z option requires -U option"),
        ("-e foo", "Invalid scanner name 'foo'"),
        ("-S a", "tcpflow: -S: invalid parameter 'a': NAME=VALUE is expected"),
        ("-S -r", "tcpflow: -S: invalid parameter '-r': NAME=VALUE is expected"),
        ("-T %q", "tcpflow: file-name template '%q': unknown code '%q'"),
        ("-a -FX", "ERROR: post_processing currently requires storing output."),
        ("-E http -FX", "ERROR: post_processing currently requires storing output."),
        ("--output=", "tcpflow: -o: the name of the output folder is empty"),
    ] {
        assert_eq!(refused(text), (Exit::Failure, line.to_owned()), "{text}");
    }
}

#[test]
fn checks_come_in_the_order_of_the_original() {
    assert!(refused("-e foo -FX -z dir").1.contains("-z option"));
    assert!(refused("-e foo -FX").1.contains("post_processing"));
    assert!(refused("-T %q -e foo").1.contains("scanner name"));
    assert!(printed("-H -h -e foo").starts_with("Scanners:"));
    assert!(printed("-h -e foo -FX -T %q").starts_with("TCPFLOW version"));
    assert!(refused("-h -S x").1.contains("parameter"));
    assert!(printed("-h -V -k -z x").starts_with("TCPFLOW 2"));
}

#[test]
fn scanners_may_run_without_files_as_long_as_they_need_none() {
    assert!(config("-FX -FM").scanners.hashes.md5);
    assert!(config("-c -FM -X r.xml").scanners.hashes.md5);
    assert!(config("-E netviz -FX").scanners.netviz);
    assert!(!config("-c -a").scanners.http);
    assert!(!config("-aZ").scanners.http_decompress);
}

#[test]
fn the_rest_goes_where_its_name_says() {
    let config = config("-U nobody -z jail -L lock -w rest.pcap -Iq -o out -P -S tdelta=-5");
    assert_eq!(config.user.as_deref(), Some("nobody"));
    assert_eq!(config.chroot.as_deref(), Some(Path::new("jail")));
    assert_eq!(config.semaphore.as_deref(), Some("lock"));
    assert_eq!(config.unprocessed.as_deref(), Some(Path::new("rest.pcap")));
    assert!(config.index && config.verbosity.quiet);
    assert_eq!(config.output_folder, Path::new("out"));
    assert_eq!(config.settings.tdelta, -5);
    assert_eq!(config.command_line.len(), 15);
}

#[test]
fn help_lists_every_option() {
    let (brief, full) = (printed("-h"), printed("-hh"));
    for option in OPTIONS.iter().filter(|option| option.short.is_some()) {
        let name = format!(", --{}", option.long);
        assert!(brief.contains(&name) && full.contains(&name), "{name}");
    }
    assert!(!full.contains("--generate"));
    assert!(full.len() > brief.len());
    for text in [brief, full, printed("-H")] {
        for line in text.lines() {
            assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line}");
        }
    }
    assert_eq!(printed("--help --help"), printed("-hh"));
}

#[test]
fn the_version_is_one_line() {
    assert_eq!(printed("-V"), format!("TCPFLOW {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(printed("--version"), printed("-V"));
}

#[test]
fn completions_know_every_option() {
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&format!("--generate complete-{shell}"));
        for option in OPTIONS.iter().filter(|option| option.short.is_some()) {
            assert!(script.contains(option.long), "{shell}: {}", option.long);
        }
    }
}
