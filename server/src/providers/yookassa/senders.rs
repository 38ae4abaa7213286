//! Who may send notifications: they carry no signature, and YooKassa names the addresses they come from.

use std::net::IpAddr;

use crate::client_ip::Network;

/// The addresses of YooKassa's notifications, as its SDKs list them.
const NETWORKS: [&str; 10] = [
    "77.75.153.0/25",
    "77.75.156.11",
    "77.75.156.35",
    "77.75.154.128/25",
    "185.71.76.0/27",
    "185.71.77.0/27",
    "2a02:5180:0:1509::/64",
    "2a02:5180:0:2655::/64",
    "2a02:5180:0:1533::/64",
    "2a02:5180:0:2669::/64",
];

/// The allow-list.
#[derive(Clone, Debug)]
pub struct Senders {
    networks: Vec<Network>,
    /// This machine too: a stand-in runs on it.
    has_near: bool,
}

impl Senders {
    /// Takes YooKassa's addresses, and this machine's where a stand-in is used.
    #[must_use]
    pub fn new(has_near: bool) -> Self {
        Self { networks: NETWORKS.iter().filter_map(|text| text.parse().ok()).collect(), has_near }
    }

    /// Says whether an address is YooKassa's.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (self.has_near && address.is_loopback()) || self.networks.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(senders: &Senders, text: &str) -> bool {
        senders.allows(text.parse().expect("an address"))
    }

    #[test]
    fn yookassas_addresses_are_known_in_every_form() {
        let senders = Senders::new(false);
        assert_eq!(senders.networks.len(), NETWORKS.len());
        for own in [
            "77.75.153.0",
            "77.75.153.127",
            "77.75.156.11",
            "77.75.156.35",
            "77.75.154.128",
            "77.75.154.255",
            "185.71.76.31",
            "185.71.77.0",
            "::ffff:185.71.76.1",
            "2a02:5180:0:1509::1",
            "2a02:5180:0:2669:ffff:ffff:ffff:ffff",
        ] {
            assert!(allows(&senders, own), "{own}");
        }
    }

    #[test]
    fn nobody_else_is_taken_for_it() {
        let senders = Senders::new(false);
        for other in [
            "77.75.153.128",
            "77.75.156.12",
            "77.75.154.127",
            "185.71.76.32",
            "185.71.75.255",
            "::ffff:185.71.76.32",
            "::185.71.76.1",
            "2a02:5180:0:1510::1",
            "2a02:5180:1:1509::1",
            "127.0.0.1",
            "::1",
            "0.0.0.0",
        ] {
            assert!(!allows(&senders, other), "{other}");
        }
        let near = Senders::new(true);
        assert!(allows(&near, "127.0.0.1") && allows(&near, "::1") && allows(&near, "::ffff:127.0.0.1"));
        assert!(!allows(&near, "10.0.0.1"));
    }
}
