//! Runs the program as a user would, in an empty folder, and looks at everything it leaves.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests, which use the rest")]
mod support;

mod console;
mod failures;
mod fixtures;
mod flows;
mod gaps;
mod inputs;
mod live;
mod live_load;
mod names;
mod options;
mod packet_files;
mod privileges;
mod reports;
mod scanners;
mod signals;
