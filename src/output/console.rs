//! Payloads printed as they arrive; nothing is reassembled.

use std::io::{self, Write};

use super::naming::Namer;
use super::semaphore::Semaphore;
use crate::config::{ConsoleForm, ConsoleStyle};
use crate::digits;
use crate::flow::{Direction, Identity};
use crate::net_text;
use crate::visible;

const CLIENT_COLOR: &[u8] = b"\x1b[0;34m";
const SERVER_COLOR: &[u8] = b"\x1b[0;31m";
const NO_COLOR: &[u8] = b"\x1b[0m";

/// Bytes of a payload on one line of a hexadecimal dump.
const HEX_LINE: usize = 32;

/// Printed text gathers up to this size when nobody waits for it.
const FULL_BUFFER: usize = 64 * 1024;

/// Why the last bytes were not printed, if that is why.
const HELD: &str = "not all was printed, for another program held the semaphore to the end";

/// Prints payloads.
pub struct Console {
    out: Box<dyn Write>,
    style: ConsoleStyle,
    namer: Namer,
    /// At most this many bytes of a flow are printed.
    byte_limit: Option<u64>,
    semaphore: Option<Semaphore>,
    /// Whether each payload is to be seen at once.
    at_once: bool,
    text: Vec<u8>,
    error: Option<io::Error>,
}

impl Console {
    /// A console that writes to `out`; with `at_once` each payload is written when it arrives.
    pub fn new(
        out: Box<dyn Write>,
        style: ConsoleStyle,
        namer: Namer,
        byte_limit: Option<u64>,
        semaphore: Option<Semaphore>,
        at_once: bool,
    ) -> Self {
        let at_once = at_once || semaphore.is_some();
        Self { out, style, namer, byte_limit, semaphore, at_once, text: Vec::new(), error: None }
    }

    /// Prints a payload; `printed` counts the bytes of the flow that were printed.
    pub fn payload(&mut self, flow: &Identity, printed: &mut u64, payload: &[u8]) {
        let room = self.byte_limit.map_or(u64::MAX, |limit| limit.saturating_sub(*printed));
        let shown = &payload[..room.min(payload.len() as u64) as usize];
        if shown.is_empty() {
            return;
        }
        *printed += shown.len() as u64;
        if self.style.color {
            self.text.extend_from_slice(match flow.direction {
                Direction::ClientToServer => CLIENT_COLOR,
                Direction::ServerToClient | Direction::Unknown => SERVER_COLOR,
            });
        }
        if self.style.header {
            let start = self.text.len();
            self.namer.render(&mut self.text, flow, 0);
            if self.namer.has_controls() {
                let name = self.text.split_off(start);
                visible::push_name(&mut self.text, &name);
            }
            self.text.extend_from_slice(b": ");
            if self.style.form == ConsoleForm::Hex {
                self.text.push(b'\n');
            }
        }
        match self.style.form {
            ConsoleForm::Text => self.text.extend(shown.iter().map(|&byte| match byte {
                b'\n' | b'\r' => byte,
                _ => printable(byte),
            })),
            ConsoleForm::Binary => self.text.extend_from_slice(shown),
            ConsoleForm::Hex => push_hex_dump(&mut self.text, shown),
            ConsoleForm::Json => push_json(&mut self.text, flow, shown),
        }
        if self.style.color {
            self.text.extend_from_slice(NO_COLOR);
        }
        if self.style.newline {
            self.text.push(b'\n');
        }
        if self.at_once || self.text.len() >= FULL_BUFFER {
            self.flush();
        }
    }

    /// Writes what was printed so far.
    pub fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let held = match &self.semaphore {
            Some(semaphore) => match semaphore.wait() {
                Some(held) => Some(held),
                None => {
                    self.text.clear();
                    self.error.get_or_insert_with(|| io::Error::other(HELD));
                    return;
                }
            },
            None => None,
        };
        let written = self.out.write_all(&self.text).and_then(|()| self.out.flush());
        drop(held);
        self.text.clear();
        if let Err(error) = written {
            self.error.get_or_insert(error);
        }
    }

    /// Why nothing can be printed any more, if that is so.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }
}

fn printable(byte: u8) -> u8 {
    match byte {
        b' '..=b'~' => byte,
        _ => b'.',
    }
}

/// Lines of an offset, the bytes in hexadecimal in pairs, and the bytes as text in a column.
fn push_hex_dump(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut width = 0;
    for (number, line) in bytes.chunks(HEX_LINE).enumerate() {
        let start = out.len();
        out.extend_from_slice(format!("{:04x}: ", number * HEX_LINE).as_bytes());
        for (column, &byte) in line.iter().enumerate() {
            net_text::push_hex(out, byte);
            if column % 2 == 1 {
                out.push(b' ');
            }
        }
        if number == 0 {
            width = out.len() - start;
        }
        out.resize(out.len().max(start + width), b' ');
        out.push(b' ');
        out.extend(line.iter().copied().map(printable));
        out.push(b'\n');
    }
}

fn push_json(out: &mut Vec<u8>, flow: &Identity, bytes: &[u8]) {
    let tuple = &flow.tuple;
    let head = format!(
        "{{\"src_host\":\"{}\",\"src_port\":{},\"dst_host\":\"{}\",\"dst_port\":{},\"payload\": [",
        tuple.source(),
        tuple.source_port(),
        tuple.destination(),
        tuple.destination_port(),
    );
    out.extend_from_slice(head.as_bytes());
    for (number, &byte) in bytes.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        digits::push(out, byte.into());
    }
    out.extend_from_slice(b"]}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::OutputFolder;
    use crate::output::template::{DEFAULT_TEMPLATE, Template};
    use std::cell::RefCell;
    use std::path::Path;
    use std::rc::Rc;

    #[derive(Clone, Default)]
    struct Screen(Rc<RefCell<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn flow(direction: Direction) -> Identity {
        Identity { direction, ..Identity::sample() }
    }

    fn print(style: ConsoleStyle, byte_limit: Option<u64>, payloads: &[&[u8]]) -> String {
        let screen = Screen::default();
        let template = Template::parse(DEFAULT_TEMPLATE.as_bytes()).unwrap();
        let namer = Namer::new(OutputFolder::new(Path::new("out")), template);
        let out = Box::new(screen.clone());
        let mut console = Console::new(out, style, namer, byte_limit, None, false);
        let mut printed = 0;
        for payload in payloads {
            console.payload(&flow(Direction::ClientToServer), &mut printed, payload);
        }
        console.flush();
        let text = screen.0.borrow().clone();
        String::from_utf8(text).unwrap()
    }

    const NAME: &str = "out/010.000.000.001.01000-010.000.000.002.00080";

    #[test]
    fn the_header_names_the_flow_and_unprintables_become_dots() {
        let style = ConsoleStyle { header: true, newline: true, ..Default::default() };
        let printed = print(style, None, &[b"a\r\n\t\x7f", b"b"]);
        assert_eq!(printed, format!("{NAME}: a\r\n..\n{NAME}: b\n"));
    }

    #[test]
    fn colour_surrounds_what_is_printed() {
        let style = ConsoleStyle { color: true, newline: true, ..Default::default() };
        assert_eq!(print(style, None, &[b"a"]), "\x1b[0;34ma\x1b[0m\n");
    }

    #[test]
    fn a_limit_counts_printed_bytes_and_silences_the_rest() {
        let style = ConsoleStyle { newline: true, ..Default::default() };
        assert_eq!(print(style, Some(3), &[b"ab", b"cd", b"ef"]), "ab\nc\n");
    }

    #[test]
    fn hexadecimal_lines_have_the_text_in_one_column() {
        let style = ConsoleStyle { form: ConsoleForm::Hex, newline: true, ..Default::default() };
        let printed = print(style, None, &[b"0123456789abcdef0123456789abcdef!\n"]);
        let lines: Vec<_> = printed.lines().collect();
        assert!(lines[0].starts_with("0000: 3031 3233 "), "{}", lines[0]);
        assert!(lines[0].ends_with(" 6566  0123456789abcdef0123456789abcdef"), "{}", lines[0]);
        assert!(lines[1].starts_with("0020: 210a   "), "{}", lines[1]);
        assert_eq!(lines[1].rfind("!."), lines[0].find(" 0123456789").map(|at| at + 1));
        assert_eq!(lines[2..], [""]);
    }

    #[test]
    fn json_tells_addresses_ports_and_bytes() {
        let style = ConsoleStyle { form: ConsoleForm::Json, ..Default::default() };
        assert_eq!(
            print(style, None, &[b"CC"]),
            r#"{"src_host":"10.0.0.1","src_port":1000,"dst_host":"10.0.0.2","dst_port":80,"payload": [67,67]}"#
        );
    }
}
