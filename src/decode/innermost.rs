//! Finds the TCP segment that lies innermost in a datagram: through tunnels, compression and
//! fragments, in whatever order they are wrapped around each other.

use super::compression;
use super::extension;
use super::fragments::{Fragments, Joined, Key};
use super::frame_facts::FrameFacts;
use super::network::{self, Carried, Fragment, TCP};
use super::segment::{FiveTuple, Segment};
use super::transport::{self, Header};
use super::{Datagram, Found, Verdict, tunnel};
use crate::time::Timestamp;

/// Tunnels in tunnels are followed this deep.
const MAX_DEPTH: usize = 8;

/// Looks into datagrams, and remembers fragments meanwhile.
#[derive(Debug)]
pub(super) struct Innermost {
    fragments: Fragments,
    decap: bool,
}

impl Innermost {
    pub(super) fn new(decap: bool) -> Self {
        Self { fragments: Fragments::default(), decap }
    }

    /// Whether fragments wait for others.
    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        !self.fragments.is_empty()
    }

    /// Tells `visit` what the datagram is.
    pub(super) fn examine(
        &mut self,
        datagram: &Datagram<'_>,
        facts: FrameFacts,
        visit: &mut dyn FnMut(Found<'_>),
    ) {
        let mut tell = |verdict: Verdict<'_>| visit(Found::Datagram(datagram, &verdict));
        match network::read(datagram.data) {
            Some(carried) => self.look_inside(carried, facts, MAX_DEPTH, &mut tell),
            None => tell(Verdict::NotTcp),
        }
    }

    /// The segment that a datagram begins with of which the rest will never come.
    pub(super) fn beginning<'a>(
        &self,
        datagram: &'a [u8],
        facts: FrameFacts,
    ) -> Option<Segment<'a>> {
        self.beginning_of(network::read(datagram)?, facts)
    }

    /// Tells `visit` of datagrams whose fragments have waited too long.
    pub(super) fn give_up_overdue(&mut self, now: Timestamp, visit: &mut dyn FnMut(Found<'_>)) {
        while let Some(joined) = self.fragments.give_up_overdue(now) {
            self.visit_beginning(&joined, visit);
        }
    }

    /// Tells `visit` of all datagrams whose fragments have not all come.
    pub(super) fn give_up(&mut self, visit: &mut dyn FnMut(Found<'_>)) {
        while let Some(joined) = self.fragments.give_up() {
            self.visit_beginning(&joined, visit);
        }
    }

    fn visit_beginning(&self, joined: &Joined, visit: &mut dyn FnMut(Found<'_>)) {
        let carried = joined.carried();
        if let Some(segment) = carried.and_then(|it| self.beginning_of(it, joined.facts)) {
            visit(Found::Overdue(segment));
        }
    }

    fn beginning_of<'a>(&self, carried: Carried<'a>, facts: FrameFacts) -> Option<Segment<'a>> {
        let (mut carried, _) = self.descend(carried, MAX_DEPTH)?;
        // A first fragment inside another is no more complete than that, and no less.
        carried.fragment.take_if(|fragment| fragment.offset == 0);
        match carried.is_tcp().then(|| verdict(&carried, &facts))? {
            Verdict::Segment(segment) => Some(segment),
            _ => None,
        }
    }

    /// `levels` is how many tunnels may still be entered; it falls with each, so this ends.
    fn look_inside(
        &mut self,
        carried: Carried<'_>,
        facts: FrameFacts,
        levels: usize,
        tell: &mut dyn FnMut(Verdict<'_>),
    ) {
        let Some((carried, levels)) = self.descend(carried, levels) else {
            return tell(Verdict::NotTcp);
        };
        if let Some(fragment) = carried.fragment {
            return self.take_fragment(carried, fragment, facts, levels, tell);
        }
        if carried.protocol == compression::PROTOCOL {
            return match compression::inflate(carried.payload) {
                Some((protocol, payload)) => {
                    let carried = Carried { protocol, payload: &payload, ..carried };
                    self.look_inside(carried, facts, levels, tell);
                }
                None => tell(Verdict::NotTcp),
            };
        }
        tell(verdict(&carried, &facts));
    }

    fn take_fragment(
        &mut self,
        carried: Carried<'_>,
        fragment: Fragment,
        facts: FrameFacts,
        levels: usize,
        tell: &mut dyn FnMut(Verdict<'_>),
    ) {
        let key = Key::new(&carried, &fragment);
        if let Some(joined) = self.fragments.add(&key, &carried, &fragment, facts) {
            return match joined.carried() {
                Some(carried) => self.look_inside(carried, joined.facts, levels, tell),
                None => tell(Verdict::NotTcp),
            };
        }
        let beginning = self.fragments.beginning(&key);
        let known = beginning.as_ref().and_then(Joined::carried).filter(Carried::is_tcp);
        tell(match known.and_then(|carried| tuple(&carried)) {
            Some(tuple) => Verdict::Fragment(Some(facts.headless_segment(tuple))),
            None if carried.protocol == TCP => Verdict::Fragment(None),
            None => Verdict::NotTcp,
        });
    }

    /// Goes through tunnels down to TCP, or to what must first be put together or inflated;
    /// `None` if it leads to none of them. Returns how many levels are left, too.
    fn descend<'a>(
        &self,
        mut carried: Carried<'a>,
        mut levels: usize,
    ) -> Option<(Carried<'a>, usize)> {
        loop {
            let protocol = carried.protocol;
            let wraps = protocol == compression::PROTOCOL || tunnel::is_tunnel(protocol);
            if protocol == TCP {
                return Some((carried, levels));
            }
            if carried.fragment.is_some() && extension::is_extension(protocol) {
                return Some((carried, levels));
            }
            if !wraps || !self.decap {
                return None;
            }
            if carried.fragment.is_some() {
                return Some((carried, levels));
            }
            levels = levels.checked_sub(1)?;
            if protocol == compression::PROTOCOL {
                return Some((carried, levels));
            }
            carried = network::read(tunnel::inner(protocol, carried.payload)?)?;
        }
    }
}

#[inline]
fn verdict<'a>(carried: &Carried<'a>, facts: &FrameFacts) -> Verdict<'a> {
    match (tuple(carried), Header::parse(carried.payload)) {
        (Some(tuple), Some(header)) => Verdict::Segment(facts.segment(tuple, header)),
        (Some(tuple), None) => Verdict::Headless(facts.headless_segment(tuple)),
        (None, _) => Verdict::NotTcp,
    }
}

#[inline]
fn tuple(tcp: &Carried<'_>) -> Option<FiveTuple> {
    Some(tcp.addresses.with_ports(transport::ports(tcp.payload)?))
}
