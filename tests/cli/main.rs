//! Runs the program as a user would, in an empty folder, and looks at everything it leaves.

#[path = "../support/mod.rs"]
mod support;

mod fixtures;
