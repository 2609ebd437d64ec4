//! Which packets are looked at: those of link types that can be read, and that the filter lets
//! through.

use std::collections::BTreeMap;

use crate::capture::{Filter, FilterError, LinkType, RawPacket, Source};
use crate::decode::Decoder;
use crate::messages::Messages;

/// Chooses the packets of one input.
pub(super) struct Wanted<'a> {
    link_types: LinkTypes,
    filter: Option<&'a mut Filter>,
    failure: Option<FilterError>,
    /// The link type of which everything is included, if it was met last.
    plainly: Option<LinkType>,
}

impl<'a> Wanted<'a> {
    /// All packets that can be read, or those of them that the filter lets through.
    pub(super) fn new(filter: Option<&'a mut Filter>) -> Self {
        Self { link_types: LinkTypes::default(), filter, failure: None, plainly: None }
    }

    /// Whether this packet is to be looked at; one more has come.
    #[inline]
    pub(super) fn includes(&mut self, packet: &RawPacket<'_>) -> bool {
        self.plainly == Some(packet.link_type) || self.examine(packet)
    }

    #[inline(never)]
    fn examine(&mut self, packet: &RawPacket<'_>) -> bool {
        let is_readable = self.link_types.are_readable(packet.link_type);
        self.plainly = (is_readable && self.filter.is_none()).then_some(packet.link_type);
        is_readable && self.passes(packet)
    }

    fn passes(&mut self, packet: &RawPacket<'_>) -> bool {
        let Some(filter) = &mut self.filter else { return true };
        filter.matches(packet).unwrap_or_else(|error| {
            self.failure.get_or_insert(error);
            false
        })
    }

    /// Why the filter cannot go on, if it cannot. Told once.
    pub(super) fn failure(&mut self) -> Option<FilterError> {
        self.failure.take()
    }

    /// The link types met.
    pub(super) fn link_types(&self) -> &LinkTypes {
        &self.link_types
    }
}

/// The link types met in an input, which the interfaces of a pcapng file need not share.
#[derive(Debug, Default)]
pub(super) struct LinkTypes {
    /// The readable one met last.
    readable: Option<LinkType>,
    /// The numbers of those that cannot be read, and how many packets had them. There may be as
    /// many as numbers.
    unreadable: BTreeMap<i32, u64>,
}

impl LinkTypes {
    /// Whether packets of this link type can be read; one of them has come.
    fn are_readable(&mut self, link_type: LinkType) -> bool {
        if Decoder::supports(link_type) {
            self.readable = Some(link_type);
            return true;
        }
        *self.unreadable.entry(link_type.0).or_insert(0) += 1;
        false
    }

    /// Tells what could not be read: a warning if other packets could, an error if none.
    pub(super) fn tell(&self, source: &Source, messages: &Messages) {
        let name = source.name();
        let unknown =
            |number| format!("sorry - unknown datalink type {number} on interface {name}");
        if self.readable.is_some() {
            for (number, packets) in &self.unreadable {
                messages.warning(format_args!("{}: {packets} packets left out", unknown(*number)));
            }
        } else if let Some((number, _)) = self.unreadable.first_key_value() {
            messages.error(unknown(*number));
        } else if !Decoder::supports(source.link_type()) {
            messages.error(unknown(source.link_type().0));
        }
    }
}
