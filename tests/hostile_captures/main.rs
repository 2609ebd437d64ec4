//! Captures as an attacker would write them, one theme a file: each is made here in memory, read by
//! the real program within bounds of time, memory and disk that the system enforces, and must give
//! the right result, not merely no crash.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests, which use the rest")]
mod support;

mod addresses;
mod beacons;
mod bounds;
mod capture;
mod crowds;
mod headers;
mod link_layers;
mod positions;
mod times;
mod web;
