//! stub
use crate::config::*;
use std::ffi::OsString;
pub enum Action {
    Run(Box<Config>, Vec<String>),
    Print(String),
}
#[derive(Debug)]
pub struct UsageError {
    pub exit: crate::app::Exit,
}
impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "usage")
    }
}
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Action, UsageError> {
    let args: Vec<OsString> = args.collect();
    let mut files = vec![];
    let mut i = 1;
    let mut out = std::path::PathBuf::from(".");
    let mut sink = Sink::Files;
    while i < args.len() {
        match args[i].to_str().unwrap() {
            "-r" => {
                i += 1;
                files.push(InputFile { path: args[i].clone().into(), phase: Phase::Normal });
            }
            "-o" => {
                i += 1;
                out = args[i].clone().into();
            }
            "-c" => {
                sink = Sink::Console(ConsoleStyle {
                    header: true,
                    newline: true,
                    ..Default::default()
                })
            }
            "-K" => sink = Sink::PacketFiles,
            _ => panic!(),
        }
        i += 1;
    }
    let mut c = Config {
        program: "tcpflow".into(),
        command_line: args.clone(),
        input: Input::Files(files),
        filter: String::new(),
        output_folder: out,
        template: crate::output::template::Template::parse(
            crate::output::template::DEFAULT_TEMPLATE.as_bytes(),
        )
        .unwrap(),
        sink,
        byte_limit: None,
        max_descriptors: None,
        max_seek: DEFAULT_MAX_SEEK,
        index: false,
        unprocessed: None,
        report: None,
        scanners: Scanners { tcpdemux: true, ..Default::default() },
        settings: Default::default(),
        user: None,
        chroot: None,
        semaphore: None,
        verbosity: Verbosity { level: 1, quiet: false },
    };
    if !matches!(c.sink, Sink::Console(_)) {
        c.report = Some(c.in_output_folder("report.xml"));
    }
    Ok(Action::Run(Box::new(c), vec![]))
}
