//! What came of the files that are finished here and there, until somebody asks for it.
//!
//! Whoever has a file finished gets a ticket, and asks with it. Most ask in the order of their
//! tickets, so that what was asked for lies at the front of a queue and goes.

use std::collections::VecDeque;

use super::finish::ClosedFile;
use crate::scan::Findings;

/// What came of a file; `None` if it could not be written.
pub type Outcome = Option<ClosedFile<Findings>>;

/// Stands for a file that is being finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// What came of files, by ticket.
#[derive(Default)]
pub(super) struct Outcomes {
    /// The ticket of the first place.
    first: u64,
    places: VecDeque<Place>,
    /// The bodies that were found in those that are here.
    bodies: usize,
}

enum Place {
    Awaited,
    Here(Outcome),
    Taken,
}

impl Outcomes {
    /// The next ticket.
    pub(super) fn issue(&mut self) -> Ticket {
        self.places.push_back(Place::Awaited);
        Ticket(self.first + self.places.len() as u64 - 1)
    }

    /// Takes down what came of a file.
    pub(super) fn put(&mut self, ticket: Ticket, outcome: Outcome) {
        let found = bodies(&outcome);
        if let Some(place) = self.place(ticket) {
            *place = Place::Here(outcome);
            self.bodies += found;
        }
    }

    /// What came of a file, if that is known; once.
    pub(super) fn take(&mut self, ticket: Ticket) -> Option<Outcome> {
        let place = self.place(ticket).filter(|place| matches!(place, Place::Here(_)))?;
        let Place::Here(outcome) = std::mem::replace(place, Place::Taken) else { return None };
        self.bodies -= bodies(&outcome);
        while let Some(Place::Taken) = self.places.front() {
            self.places.pop_front();
            self.first += 1;
        }
        Some(outcome)
    }

    /// Nobody finishes the files any more whose outcomes are not here: nothing came of them.
    pub(super) fn give_up(&mut self) {
        for place in &mut self.places {
            if matches!(place, Place::Awaited) {
                *place = Place::Here(None);
            }
        }
    }

    /// How many bodies were found in files whose outcomes were not asked for yet.
    pub(super) fn bodies(&self) -> usize {
        self.bodies
    }

    fn place(&mut self, Ticket(number): Ticket) -> Option<&mut Place> {
        self.places.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

/// How many bodies were found.
fn bodies(outcome: &Outcome) -> usize {
    let bodies = outcome.as_ref().and_then(|closed| closed.findings.bodies.as_ref());
    bodies.map_or(0, Vec::len)
}
