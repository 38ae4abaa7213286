//! Whose machine a request comes from, also behind reverse proxies.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;
use wallet::notify::webhook::is_public;

/// Where proxies tell whom they speak for.
const FORWARDED: &str = "x-forwarded-for";

/// What is said where a proxy must be there and none is named.
pub const NO_PROXIES: &str = "TRUSTED_PROXIES is not set: behind a proxy all visitors count as one address: they share \
     its limits, and one who guesses passwords makes all wait";

/// Addresses of one network: `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    start: IpAddr,
    /// How many leading bits its addresses share.
    shared: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write addresses or networks such as 10.0.0.5,192.168.0.0/16".to_owned();
        let (start, shared) = match text.trim().split_once('/') {
            Some((start, shared)) => (start, Some(shared.parse::<u8>().map_err(|_| wrong())?)),
            None => (text.trim(), None),
        };
        let start: IpAddr = start.parse().map_err(|_| wrong())?;
        let most = if start.is_ipv4() { 32 } else { 128 };
        let shared = shared.unwrap_or(most);
        if shared > most { Err(wrong()) } else { Ok(Self { start, shared }) }
    }
}

impl Network {
    /// Says whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let differing = match (self.start, address.to_canonical()) {
            (IpAddr::V4(start), IpAddr::V4(address)) => u128::from(start.to_bits() ^ address.to_bits()) << 96,
            (IpAddr::V6(start), IpAddr::V6(address)) => start.to_bits() ^ address.to_bits(),
            _ => return false,
        };
        differing.leading_zeros() >= u32::from(self.shared)
    }
}

/// Finds the machine behind trusted proxies: the last address that is none of theirs.
///
/// Everything to the left of it may have been made up by whoever sent the request.
#[must_use]
pub fn peer(connected: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let told: Vec<&str> = headers
        .get_all(FORWARDED)
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .flat_map(|value| value.split(','))
        .collect();
    let mut found = connected.to_canonical();
    for text in told.into_iter().rev() {
        if !is_trusted(found) {
            break;
        }
        // What can't be read came from nowhere that can be named: the proxy that said it stands for it.
        let Some(next) = address(text.trim()) else { break };
        found = next.to_canonical();
    }
    found
}

/// Warns of proxies that are not among the trusted ones: all who come through such a proxy count as one address.
///
/// Anybody can send the header, so there is one warning for an address of this machine or its networks, where proxies
/// are, and one for any other.
#[derive(Debug, Default)]
pub struct UnknownProxies {
    near: AtomicBool,
    far: AtomicBool,
}

impl UnknownProxies {
    /// Looks at a request; says whether it was worth a warning.
    pub fn look(&self, connected: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> bool {
        if !headers.contains_key(FORWARDED) || trusted.iter().any(|network| network.contains(connected)) {
            return false;
        }
        let proxy = connected.to_canonical();
        let is_warned = if is_public(proxy) { &self.far } else { &self.near };
        if is_warned.load(Ordering::Relaxed) || is_warned.swap(true, Ordering::Relaxed) {
            return false;
        }
        tracing::warn!(
            %proxy,
            "a request came with X-Forwarded-For from an address that is not in TRUSTED_PROXIES: if it is a proxy of yours, add it, or all who come through it count as one visitor and share their limits"
        );
        true
    }
}

/// Reads an address, which some proxies write with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(connected: &str, told: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FORWARDED, HeaderValue::from_static(value));
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().expect("a network")).collect();
        peer(connected.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        assert_eq!(found("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(found("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(found("10.1.2.3", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(found("::ffff:10.1.2.3", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn what_a_caller_made_up_stands_left_of_the_caller() {
        let made_up = ["192.0.2.1, 198.51.100.1, 10.0.0.2"];
        assert_eq!(found("10.0.0.1", &made_up, &["10.0.0.0/24"]), "198.51.100.1");
        let split = ["192.0.2.1", "198.51.100.1"];
        assert_eq!(found("10.0.0.1", &split, &["10.0.0.0/24"]), "198.51.100.1");
        assert_eq!(found("10.0.0.1", &["198.51.100.1, what"], &["10.0.0.0/24"]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &["10.0.0.7"], &["10.0.0.0/24"]), "10.0.0.7", "all of it is ours");
    }

    #[test]
    fn an_unknown_proxy_is_warned_of_once_and_a_stranger_who_pretends_does_not_hide_it() {
        let unknown = UnknownProxies::default();
        let trusted: [Network; 1] = ["10.0.0.0/8".parse().expect("a network")];
        let mut headers = HeaderMap::new();
        let look =
            |address: &str, headers: &HeaderMap| unknown.look(address.parse().expect("an address"), headers, &trusted);
        assert!(!look("192.168.0.2", &headers), "nobody is spoken for");
        headers.append(FORWARDED, HeaderValue::from_static("198.51.100.1"));
        assert!(!look("10.0.0.7", &headers), "it is trusted");
        assert!(look("8.8.8.8", &headers) && !look("8.8.4.4", &headers));
        assert!(look("::ffff:192.168.0.2", &headers) && !look("127.0.0.1", &headers));
    }

    #[test]
    fn ports_and_brackets_are_read() {
        assert_eq!(found("127.0.0.1", &["198.51.100.1:4711"], &["127.0.0.1"]), "198.51.100.1");
        assert_eq!(found("127.0.0.1", &["[2001:db8::7]:4711"], &["127.0.0.1"]), "2001:db8::7");
        assert_eq!(found("::1", &["[2001:db8::7]"], &["::1"]), "2001:db8::7");
    }

    #[test]
    fn networks_are_written_with_their_shared_bits() {
        let network: Network = "192.168.0.0/16".parse().expect("a network");
        assert!(network.contains("192.168.255.1".parse().expect("an address")));
        assert!(!network.contains("192.169.0.1".parse().expect("an address")));
        assert!("0.0.0.0/0".parse::<Network>().expect("all").contains("8.8.8.8".parse().expect("an address")));
        for wrong in ["", "here", "10.0.0.0/33", "10.0.0.0/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
