//! What is told of a run: the DFXML report.

mod dfxml;
mod environment;
mod xml;

pub use dfxml::{DeviceTotals, Report, Totals};
pub use environment::Environment;
