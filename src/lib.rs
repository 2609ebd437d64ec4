//! Rebuilds TCP byte streams from captured packets, one file per direction of each connection.
//!
//! A packet takes one way through the crate:
//!
//! ```text
//! capture  ->  decode  ->  flow  ->  output  ->  scan  ->  report
//! RawPacket    Segment     events    files       findings  DFXML
//! ```
//!
//! [`capture`] reads packets from devices, files, pipes and archives; [`decode`] finds the TCP
//! segment in a packet; [`flow`] puts segments in their place in the byte stream; [`output`]
//! writes streams to files or to the console; [`scan`] looks at the bytes of finished streams;
//! [`report`] tells what was found. [`app`] joins the stages according to what [`cli`] understood.

#![deny(unsafe_code)]

pub mod app;
pub mod capture;
pub mod chunk;
pub mod cli;
pub mod config;
pub mod decode;
pub mod digits;
pub mod flow;
pub mod hooks;
pub mod messages;
pub mod net_text;
pub mod origin;
pub mod output;
pub mod report;
pub mod scan;
pub mod settings;
pub mod sparse;
pub mod sys;
pub mod time;
pub mod visible;
