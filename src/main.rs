//! The program `tcpflow`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    tcpflow::app::main(std::env::args_os()).into()
}
