//! The program `tcpflow`; everything is in the library.

use std::process::ExitCode;

use tcpflow::sys::memory::{LargePages, prepare_heap};

#[global_allocator]
static MEMORY: LargePages = LargePages;

fn main() -> ExitCode {
    prepare_heap();
    tcpflow::app::main(std::env::args_os()).into()
}
