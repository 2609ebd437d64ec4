//! What is told of a run: the DFXML report.

mod around;
mod dfxml;
mod entry;
mod environment;
mod xml;

pub use around::{DeviceTotals, Totals};
pub use dfxml::Report;
pub use environment::Environment;
