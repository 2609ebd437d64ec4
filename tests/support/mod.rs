//! What the tests share: packets and captures by hand, a folder to run the program in, and a
//! reader of reports.

pub(crate) mod captures;
pub(crate) mod fixtures;
pub(crate) mod network;
pub(crate) mod packets;
pub(crate) mod report;
pub(crate) mod sandbox;
