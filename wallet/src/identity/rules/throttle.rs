//! How sign-in slows down guessing, without ever locking anybody out; and how one machine is kept from signing up crowds.
//!
//! An attempt is counted before the password is looked at, and taken back when it was right: a burst of attempts at once
//! would otherwise get through before the first of them has failed.
//!
//! Three counts run in the database, so that all nodes see them: by address and peer together (the usual
//! case: one person, one forgotten password), by peer alone (one machine trying many addresses), and by address alone
//! (many machines trying one address). The last one makes nobody wait by itself, or whoever has machines enough could keep
//! a person out: while it is high, each further machine has one try before it waits. And a machine from which the person
//! has signed in before is not counted here at all: its right password is never refused.

use std::net::{IpAddr, Ipv6Addr};

use sha2::{Digest, Sha256};

use crate::id::AccountId;

/// How fast a subject's wait grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Failures that cost nothing.
    pub(crate) free: i32,
    /// The first wait, in seconds; each further failure doubles it.
    pub(crate) first: i32,
    /// The longest wait, in seconds.
    pub(crate) longest: i32,
    /// Failures are forgotten after so many seconds without one.
    pub(crate) forget: i32,
}

/// By address and peer together.
const PAIR: Pace = Pace { free: 5, first: 1, longest: 900, forget: 3600 };
/// By peer alone.
const PEER: Pace = Pace { free: 50, first: 1, longest: 900, forget: 3600 };
/// By address and peer together, while many machines try that address.
const PAIR_UNDER_ATTACK: Pace = Pace { free: 1, first: 1, longest: 900, forget: 3600 };
/// By address alone: counted, and never waited for.
const ADDRESS: Pace = Pace { free: i32::MAX, first: 0, longest: 0, forget: 3600 };
/// From so many failures on, an address counts as attacked.
pub(crate) const ATTACKED: i32 = 20;
/// Where nobody knows from which machine anybody comes, all share one count: its wait stays short.
const PAIR_OF_ALL: Pace = Pace { free: 5, first: 1, longest: 30, forget: 3600 };
/// By address and kind, for mails that anybody can cause: one a minute.
const MAIL: Pace = Pace { free: 0, first: 60, longest: 60, forget: 60 };
/// By address and kind, for such mails over a day: six, then one after 15, 30, 60 minutes, then one in two hours. That is
/// at most twenty a day, and never a day without one: whoever uses up an address's mails must not keep its owner from a
/// new password. Each kind has its own count, since what follows a sign-up brings no link to a new password.
const MAILS: Pace = Pace { free: 5, first: 900, longest: 7200, forget: 24 * 3600 };

/// By peer alone, for what costs mails, memory or rows each time: signing up, asking for a new password.
const VISIT: Pace = Pace { free: 20, first: 1, longest: 300, forget: 3600 };

/// By account, for codes that are worth credits: somebody may mistype one, nobody may try many.
const GUESS: Pace = Pace { free: 10, first: 2, longest: 900, forget: 3600 };
/// By peer alone, for the same: one machine with many accounts.
const GUESS_OF_PEER: Pace = Pace { free: 30, first: 2, longest: 900, forget: 3600 };

/// What a mail is about that anybody can cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailKind {
    /// The address is to be proven, or has an account already: what follows a sign-up.
    SignUp,
    /// The link to a new password.
    Reset,
}

impl MailKind {
    const fn code(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Reset => "reset",
        }
    }
}

/// From which machine a mail is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskedFrom {
    /// Any machine.
    Anywhere,
    /// One from which the address's owner has signed in: counted apart, so that strangers use nothing up.
    KnownMachine,
}

/// What an attempt is counted under.
pub(crate) struct Subjects(Vec<(Vec<u8>, Pace)>);

impl Subjects {
    pub(crate) fn new(email_key: &str, from: Option<IpAddr>) -> Self {
        let mut subjects = vec![(hash(&["address", email_key]), ADDRESS)];
        if let Some(peer) = from.and_then(somebody) {
            let peer = name_of_network(peer);
            subjects.push((hash(&["pair", email_key, &peer]), PAIR));
            subjects.push((hash(&["peer", &peer]), PEER));
        } else {
            subjects.push((hash(&["pair", email_key]), PAIR_OF_ALL));
        }
        Self(subjects)
    }

    /// Counts a mail that is sent to an address because somebody asked for it.
    pub(crate) fn mail(kind: MailKind, asked: AskedFrom, email_key: &str) -> Self {
        let from = match asked {
            AskedFrom::Anywhere => "anywhere",
            AskedFrom::KnownMachine => "known",
        };
        Self(vec![
            (hash(&["mail", from, kind.code(), email_key]), MAIL),
            (hash(&["mails", from, kind.code(), email_key]), MAILS),
        ])
    }

    /// Gives that of the address alone: whether it is attacked is asked before an attempt is counted.
    pub(crate) fn address(&self) -> Option<&[u8]> {
        self.0.first().map(|(key, _)| key.as_slice())
    }

    /// Takes into account that many machines try the address.
    pub(crate) fn under_attack(mut self) -> Self {
        for (_, pace) in self.0.iter_mut().skip(1).take(1) {
            pace.free = pace.free.min(PAIR_UNDER_ATTACK.free);
        }
        self
    }

    /// Counts a visit by its peer.
    pub(crate) fn visit(from: Option<IpAddr>) -> Self {
        let peer = from.and_then(somebody);
        Self(peer.map(|peer| (hash(&["visit", &name_of_network(peer)]), VISIT)).into_iter().collect())
    }

    /// Counts a code that somebody tries, by account and by peer.
    pub(crate) fn guess(account: AccountId, from: Option<IpAddr>) -> Self {
        let mut subjects = vec![(hash(&["code", &account.to_string()]), GUESS)];
        if let Some(peer) = from.and_then(somebody) {
            subjects.push((hash(&["code of peer", &name_of_network(peer)]), GUESS_OF_PEER));
        }
        Self(subjects)
    }

    /// Gives all of them, to ask whether one has to wait.
    pub(crate) fn keys(&self) -> Vec<Vec<u8>> {
        self.0.iter().map(|(key, _)| key.clone()).collect()
    }

    /// Gives each with its pace, to count an attempt.
    pub(crate) fn paces(&self) -> &[(Vec<u8>, Pace)] {
        &self.0
    }

    /// Gives those of the address, to be forgotten when its owner came in. A peer's other failures stay.
    pub(crate) fn of_the_address(&self) -> Vec<Vec<u8>> {
        self.0.iter().take(2).map(|(key, _)| key.clone()).collect()
    }

    /// Gives that of the peer alone.
    pub(crate) fn of_the_peer(&self) -> Vec<Vec<u8>> {
        self.0.iter().skip(2).map(|(key, _)| key.clone()).collect()
    }
}

/// Tells whom an address stands for. The machine's own stands for nobody: it is a proxy's that nobody told us of, and who
/// guesses behind it would make everybody wait.
fn somebody(peer: IpAddr) -> Option<IpAddr> {
    Some(peer.to_canonical()).filter(|peer| !peer.is_loopback())
}

/// Names the network of whoever an address stands for; `None` where it stands for nobody.
pub(crate) fn network_of(peer: IpAddr) -> Option<String> {
    somebody(peer).map(name_of_network)
}

/// Takes the part of an address that one customer of a provider has: all of IPv4, the /64 of IPv6.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

/// Names the network of an address: of IPv6 its four groups.
pub(crate) fn name_of_network(peer: IpAddr) -> String {
    match network(peer) {
        IpAddr::V4(network) => network.to_string(),
        IpAddr::V6(network) => {
            let [first, second, third, fourth, ..] = network.segments();
            format!("{first:x}:{second:x}:{third:x}:{fourth:x}")
        }
    }
}

fn hash(parts: &[&str]) -> Vec<u8> {
    Sha256::digest(parts.join("\u{0}").as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_one_peer() {
        let peer = |text: &str| name_of_network(text.parse().expect("an address"));
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:1"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
    }

    #[test]
    fn an_owner_who_comes_in_clears_the_address_only() {
        let subjects = Subjects::new("a@b.cc", Some(IpAddr::from([192, 0, 2, 1])));
        assert_eq!((subjects.keys().len(), subjects.of_the_address().len()), (3, 2));
        assert!(!subjects.of_the_address().contains(&hash(&["peer", "192.0.2.1"])));
        assert_eq!(subjects.of_the_peer(), [hash(&["peer", "192.0.2.1"])]);
    }

    #[test]
    fn an_address_that_many_try_makes_nobody_wait_by_itself() {
        let subjects = Subjects::new("a@b.cc", Some(IpAddr::from([192, 0, 2, 1])));
        assert_eq!(subjects.paces()[0].1.longest, 0, "no wait");
        assert_eq!(subjects.address(), Some(&hash(&["address", "a@b.cc"])[..]));
        let attacked = subjects.under_attack();
        assert_eq!((attacked.paces()[1].1, attacked.paces()[2].1), (PAIR_UNDER_ATTACK, PEER));
    }

    #[test]
    fn a_visit_from_this_machine_is_nobodys() {
        let counted = |text: &str| Subjects::visit(Some(text.parse().expect("an address"))).keys().len();
        assert!(Subjects::new("a@b.cc", Some(IpAddr::from([127, 0, 0, 1]))).of_the_peer().is_empty());
        assert_eq!([counted("127.0.0.1"), counted("::1"), counted("::ffff:127.0.0.1")], [0; 3]);
        assert_eq!([counted("192.0.2.1"), counted("10.0.0.1")], [1; 2]);
        assert_eq!(Subjects::visit(None).keys().len(), 0);
    }
}
