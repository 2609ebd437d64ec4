//! The program `tcpflow`; everything is in the library.

fn main() {}
