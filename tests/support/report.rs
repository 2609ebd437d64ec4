//! Reads reports, for tests that check what they tell.

use std::collections::BTreeMap;
use std::path::Path;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::fixtures::report_line;

/// A DFXML report.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Its flows, in order.
    pub(crate) flows: Vec<ReportedFlow>,
    /// The text of every element outside of flows, by the element's name.
    pub(crate) texts: BTreeMap<String, String>,
}

/// A flow of a report.
#[derive(Debug, Default)]
pub(crate) struct ReportedFlow {
    /// `<filename>`
    pub(crate) filename: Option<String>,
    /// `<filesize>`
    pub(crate) filesize: String,
    /// `<hashdigest type='MD5'>`
    pub(crate) md5: Option<String>,
    /// The attributes of the last `<hashdigest>`.
    pub(crate) hash_attributes: BTreeMap<String, String>,
    /// The attributes of `<tcpflow>`.
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Report {
    /// Reads a report, which must be well-formed.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(&text)
    }

    /// Understands a report's text.
    pub(crate) fn parse(text: &str) -> Self {
        let mut report = Self::default();
        let mut reader = Reader::from_str(text);
        let mut open: Vec<String> = Vec::new();
        let mut content = String::new();
        loop {
            match reader.read_event().expect("a well-formed report") {
                Event::Start(tag) => {
                    report.element(&tag);
                    open.push(name_of(&tag));
                    content.clear();
                }
                Event::Empty(tag) => report.element(&tag),
                Event::Text(piece) => content.push_str(&piece),
                Event::GeneralRef(entity) => content.push(match &*entity {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "apos" => '\'',
                    "quot" => '"',
                    other => panic!("unknown entity {other}"),
                }),
                Event::End(_) => {
                    let name = open.pop().expect("an open element");
                    report.text(&name, &open, content.trim());
                    content.clear();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty(), "elements left open: {open:?}");
        report
    }

    fn element(&mut self, tag: &BytesStart<'_>) {
        match (name_of(tag).as_str(), self.flows.last_mut()) {
            ("fileobject", _) => self.flows.push(ReportedFlow::default()),
            ("tcpflow", Some(flow)) => flow.attributes = attributes_of(tag),
            ("hashdigest", Some(flow)) => flow.hash_attributes = attributes_of(tag),
            _ => {}
        }
    }

    fn text(&mut self, name: &str, outside: &[String], text: &str) {
        let flow =
            self.flows.last_mut().filter(|_| outside.iter().any(|name| name == "fileobject"));
        match (name, flow) {
            ("filename", Some(flow)) => flow.filename = Some(text.to_owned()),
            ("filesize", Some(flow)) => flow.filesize = text.to_owned(),
            ("hashdigest", Some(flow)) => flow.md5 = Some(text.to_owned()),
            (_, Some(_)) => {}
            (_, None) => {
                self.texts.insert(name.to_owned(), text.to_owned());
            }
        }
    }

    /// The text of an element outside of flows.
    #[track_caller]
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.texts.get(name).unwrap_or_else(|| panic!("no element {name} in {:?}", self.texts))
    }

    /// The flow that has this file.
    #[track_caller]
    pub(crate) fn flow(&self, filename: &str) -> &ReportedFlow {
        let found = self.flows.iter().find(|flow| flow.filename.as_deref() == Some(filename));
        found.unwrap_or_else(|| panic!("no flow {filename} in {:?}", self.flows))
    }

    /// What does not change from run to run, in lines; file names without `folder`.
    pub(crate) fn lines(&self, folder: &str) -> String {
        let line = |flow: &ReportedFlow| {
            let name = flow.filename.as_deref().unwrap_or("-");
            let attribute = |name| flow.attributes.get(name).map_or("0", String::as_str);
            report_line(
                name.strip_prefix(folder).unwrap_or(name),
                attribute("startime"),
                &flow.filesize,
                attribute("packets"),
                attribute("out_of_order_count"),
                attribute("violations"),
            )
        };
        self.flows.iter().map(line).collect()
    }
}

impl ReportedFlow {
    /// An attribute of `<tcpflow>`, if it is there.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

fn name_of(tag: &BytesStart<'_>) -> String {
    tag.name().as_ref().to_owned()
}

fn attributes_of(tag: &BytesStart<'_>) -> BTreeMap<String, String> {
    tag.attributes()
        .map(|attribute| {
            let attribute = attribute.expect("a well-formed attribute");
            (attribute.key.as_ref().to_owned(), attribute.value.into_owned())
        })
        .collect()
}
