//! Faults, and what somebody means ill: disks that are full, folders that vanish, signals, files
//! that change, devices that go away, names and links that were planted. Each ends with the right
//! exit status and a clear message, and nothing that was written before is lost.
//!
//! Some of it only root can bring about; what cannot be tested says SKIPPED.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests, which use the rest")]
mod support;

mod changing_inputs;
mod climbing;
mod control_characters;
mod descriptors;
mod disks;
mod fed;
mod folders;
mod interfaces;
mod killed;
mod links;
mod mounts;
mod names;
mod pipes;
mod privileges;
mod root_hint;
mod signals;
