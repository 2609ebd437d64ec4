//! Counts bytes by TCP port, and names the services whose ports have a colour of their own.

use super::{add_bytes, top};

/// A service that the picture tells apart by its ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    /// FTP, control and data.
    Ftp,
    /// SSH.
    Ssh,
    /// HTTP, on its own port and those commonly used beside it.
    Http,
    /// HTTPS.
    Https,
}

impl Service {
    /// All of them, by their lowest port.
    pub(super) const ALL: [Self; 4] = [Self::Ftp, Self::Ssh, Self::Http, Self::Https];

    /// The service on `port`, if it is one of these.
    pub(super) fn on_port(port: u16) -> Option<Self> {
        match port {
            20 | 21 => Some(Self::Ftp),
            22 => Some(Self::Ssh),
            80..=82 | 8000 | 8080 | 8090 | 8888 => Some(Self::Http),
            443 => Some(Self::Https),
            _ => None,
        }
    }

    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ftp => "FTP",
            Self::Ssh => "SSH",
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
        }
    }

    /// The port that stands for it where ports are sorted.
    pub(super) fn main_port(self) -> u16 {
        match self {
            Self::Ftp => 20,
            Self::Ssh => 22,
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A port and the bytes counted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortBytes {
    /// The port.
    pub(super) port: u16,
    /// Bytes of the packets from it, or to it.
    pub(super) bytes: u64,
}

/// Bytes by port: a counter for each of the 65,536.
#[derive(Clone, Debug)]
pub(super) struct PortHistogram(Box<[u64]>);

impl PortHistogram {
    /// All counters at 0.
    pub(super) fn new() -> Self {
        Self(vec![0; 1 << 16].into_boxed_slice())
    }

    /// Counts `bytes` for `port`.
    pub(super) fn add(&mut self, port: u16, bytes: u32) {
        if let Some(counter) = self.0.get_mut(usize::from(port)) {
            add_bytes(counter, bytes);
        }
    }

    /// All bytes counted.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// The `count` busiest, most bytes first; of equals the smaller port.
    pub(super) fn top(&self, count: usize) -> Vec<PortBytes> {
        let counters = (0..=u16::MAX).zip(self.0.iter().copied());
        let busy = counters.filter(|(_, bytes)| *bytes > 0);
        let busy = busy.map(|(port, bytes)| PortBytes { port, bytes }).collect();
        top(busy, count, |a, b| b.bytes.cmp(&a.bytes).then(a.port.cmp(&b.port)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_ports_come_first_and_of_equals_the_smaller() {
        let mut histogram = PortHistogram::new();
        for port in [9, 3, 65_535, 0, 7] {
            histogram.add(port, 60);
        }
        histogram.add(9, 1);
        let top: Vec<_> = histogram.top(4).iter().map(|entry| (entry.port, entry.bytes)).collect();
        assert_eq!(top, [(9, 61), (0, 60), (3, 60), (7, 60)]);
        assert_eq!(histogram.total(), 301);
    }

    #[test]
    fn ports_without_bytes_are_not_listed() {
        let mut histogram = PortHistogram::new();
        histogram.add(80, 0);
        assert_eq!(histogram.top(10), []);
    }
}
