//! The classes of traffic that the picture tells apart: services, the busiest other ports, the
//! rest of TCP, and everything else.

use super::ports::{PortBytes, Service};

/// How many ports besides the services' get a look of their own.
const RANKED: usize = 4;

/// How many classes there are.
pub(super) const CLASSES: usize = Service::ALL.len() + RANKED + 2;

/// A class of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// TCP on a port of this service.
    Service(Service),
    /// TCP on the port of this rank among the busiest that are no service's: 0 to 3.
    Ranked(usize),
    /// TCP on any other port.
    OtherPorts,
    /// Anything without a TCP header.
    NotTcp,
}

impl Class {
    /// A number for each class: 0 to `CLASSES - 1`.
    pub(super) fn number(self) -> usize {
        match self {
            Self::Service(service) => service as usize,
            Self::Ranked(rank) => Service::ALL.len() + rank,
            Self::OtherPorts => CLASSES - 2,
            Self::NotTcp => CLASSES - 1,
        }
    }
}

/// Which ports have a class of their own in this capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    /// At most `RANKED`.
    ranked: Vec<u16>,
}

impl Classes {
    /// The first ports of `busiest` that are no service's and that `eligible` accepts.
    pub(super) fn new(busiest: &[PortBytes], eligible: impl Fn(u16) -> bool) -> Self {
        let ports = busiest.iter().map(|entry| entry.port);
        let ranked = ports.filter(|port| Service::on_port(*port).is_none() && eligible(*port));
        Self { ranked: ranked.take(RANKED).collect() }
    }

    /// The class of TCP on `port`.
    pub(super) fn of_port(&self, port: u16) -> Class {
        match Service::on_port(port) {
            Some(service) => Class::Service(service),
            None => {
                let rank = self.ranked.iter().position(|ranked| *ranked == port);
                rank.map_or(Class::OtherPorts, Class::Ranked)
            }
        }
    }

    /// The classes and their names, those of ports first and by port.
    pub(super) fn in_order(&self) -> Vec<(Class, String)> {
        let services = Service::ALL.into_iter().map(|service| {
            (service.main_port(), Class::Service(service), service.name().to_owned())
        });
        let ranked = self.ranked.iter().enumerate();
        let ranked =
            ranked.map(|(rank, port)| (*port, Class::Ranked(rank), format!("Port {port}")));
        let mut by_port: Vec<_> = services.chain(ranked).collect();
        by_port.sort_by_key(|(port, ..)| *port);
        let rest = [(Class::OtherPorts, "Other ports"), (Class::NotTcp, "Not TCP")];
        let rest = rest.map(|(class, name)| (class, name.to_owned()));
        by_port.into_iter().map(|(_, class, name)| (class, name)).chain(rest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(ports: &[u16]) -> Classes {
        let busiest: Vec<_> =
            ports.iter().map(|port| PortBytes { port: *port, bytes: 1 }).collect();
        Classes::new(&busiest, |port| port != 666)
    }

    #[test]
    fn the_busiest_four_ports_that_are_no_services_have_their_own_class() {
        let classes = classes(&[80, 25, 666, 443, 5222, 110, 20, 3306, 993]);
        assert_eq!(classes.of_port(8080), Class::Service(Service::Http));
        assert_eq!(classes.of_port(25), Class::Ranked(0));
        assert_eq!(classes.of_port(3306), Class::Ranked(3));
        assert_eq!(classes.of_port(993), Class::OtherPorts);
        assert_eq!(classes.of_port(666), Class::OtherPorts);
    }

    #[test]
    fn classes_are_named_in_the_order_of_their_ports() {
        let names: Vec<_> =
            classes(&[25, 5222, 1]).in_order().into_iter().map(|(_, n)| n).collect();
        let expected = "Port 1,FTP,SSH,Port 25,HTTP,HTTPS,Port 5222,Other ports,Not TCP";
        assert_eq!(names.join(","), expected);
    }

    #[test]
    fn every_class_has_its_own_number() {
        let classes = classes(&[1, 2, 3, 4, 5]);
        let mut numbers: Vec<_> =
            classes.in_order().iter().map(|(class, _)| class.number()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..CLASSES).collect::<Vec<_>>());
    }
}
