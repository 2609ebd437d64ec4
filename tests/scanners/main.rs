//! The scanners and hooks, seen from outside: the program runs in an empty folder, and everything
//! it leaves is looked at.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests, which use the rest")]
mod support;

mod bodies;
mod heads;
mod hooks;
mod live_web;
mod memory;
mod parameters;
mod picture;
mod switches;
mod web;
