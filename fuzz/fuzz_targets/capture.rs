#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tcpflow_fuzz::capture::run(data));
