//! What the tests share: packets and captures by hand, a folder to run the program in, and a
//! reader of reports.

pub mod captures;
pub mod fixtures;
pub mod packets;
pub mod report;
pub mod sandbox;
