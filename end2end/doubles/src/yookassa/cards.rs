//! The test cards: what each does when it is paid with, and when it is charged later.
//!
//! The numbers of [`DOCUMENTED`] are YooKassa's own (Testing payments, "Test bank cards"). YooKassa has none that
//! behaves differently once it is saved; those of [`LATER`] are this program's.

/// Who has refused a payment, as `cancellation_details.party` says it.
pub(super) const NETWORK: &str = "payment_network";
pub(super) const YOOMONEY: &str = "yoo_money";
pub(super) const MERCHANT: &str = "merchant";

/// Why a payment was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) party: &'static str,
    pub(super) reason: &'static str,
}

impl Refusal {
    pub(super) const fn by_network(reason: &'static str) -> Self {
        Self { party: NETWORK, reason }
    }

    pub(super) const fn by_yoomoney(reason: &'static str) -> Self {
        Self { party: YOOMONEY, reason }
    }
}

/// What happens when the owner pays with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnPage {
    Paid,
    /// The bank asks its owner, who may agree or refuse.
    Challenge,
    /// The bank asks, and refuses whatever is answered.
    FailedChallenge,
    Refused(Refusal),
}

/// What happens when a saved card is charged without its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Later {
    Paid,
    Refused(Refusal),
    /// Refused so many times, then paid.
    RefusedTimes(u32, Refusal),
    /// Not decided at once.
    Pending,
}

/// A card as the page takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) number: String,
    pub(super) month: u32,
    pub(super) year: i32,
}

const SECURE_FAILED: Refusal = Refusal::by_network("3d_secure_failed");
const NO_FUNDS: Refusal = Refusal::by_network("insufficient_funds");

/// Paid with 3-D Secure, then without.
const CHALLENGED: [&str; 3] = ["5555555555554477", "4793128161644804", "2200000000000004"];
const PLAIN: [&str; 8] = [
    "5555555555554444",
    "4111111111111111",
    "2202474301322987",
    "6759649826438453",
    "4175001000000017",
    "370000000000002",
    "3528000700000000",
    "36700102000000",
];
const FAILED_CHALLENGE: [&str; 3] = ["5555555555554592", "4839665499603842", "2200000000000012"];

/// Refused, by Mastercard, Visa and Mir number.
const DOCUMENTED: [([&str; 3], Refusal); 12] = [
    (["5555555555554535", "4926946416239025", "2200000000000020"], Refusal::by_network("call_issuer")),
    (["5555555555554543", "4141435412630840", "2200000000000038"], Refusal::by_network("card_expired")),
    (["5555555555554568", "4483274282299972", "2200000000000046"], Refusal::by_network("fraud_suspected")),
    (["5555555555554527", "4889971706588753", "2202202212312379"], Refusal::by_network("general_decline")),
    (["5555555555554600", "4562265587712390", "2200000000000053"], NO_FUNDS),
    (["5555555555554618", "4951017853630544", "2201382000000013"], Refusal::by_network("invalid_card_number")),
    (["5555555555554626", "4194180666146368", "2200770212727079"], Refusal::by_network("invalid_csc")),
    (["5555555555554501", "4654130848359150", "2201382000000021"], Refusal::by_network("issuer_unavailable")),
    (
        ["5555555555554576", "4565231022577548", "2201382000000039"],
        Refusal::by_network("payment_method_limit_exceeded"),
    ),
    (["5555555555554550", "4233961169071671", "2201382000000047"], Refusal::by_network("payment_method_restricted")),
    (["5555555555554584", "4969751510013864", "2201382000000054"], Refusal::by_yoomoney("country_forbidden")),
    (["5555555555554634", "4119098878796485", "2201696981989955"], Refusal::by_yoomoney("fraud_suspected")),
];

/// Paid on the page; what a later charge without the owner does.
const LATER: [(&str, Later); 6] = [
    ("5555555555554659", Later::Refused(REVOKED)),
    ("5555555555554667", Later::Refused(NO_FUNDS)),
    ("5555555555554675", Later::Refused(EXPIRED)),
    ("5555555555554683", Later::RefusedTimes(2, NO_FUNDS)),
    ("5555555555554691", Later::Pending),
    ("5555555555554709", Later::Refused(Refusal::by_network("general_decline"))),
];

/// The owner has withdrawn the consent to charges without them.
pub(super) const REVOKED: Refusal = Refusal::by_yoomoney("permission_revoked");
pub(super) const EXPIRED: Refusal = Refusal::by_network("card_expired");
/// Nobody has paid in time.
pub(super) const UNCONFIRMED: Refusal = Refusal::by_yoomoney("expired_on_confirmation");
/// The shop has not taken the money in time.
pub(super) const UNCAPTURED: Refusal = Refusal::by_yoomoney("expired_on_capture");
pub(super) const BY_MERCHANT: Refusal = Refusal { party: MERCHANT, reason: "canceled_by_merchant" };
/// 3-D Secure was refused or has failed.
pub(super) const NOT_AUTHENTICATED: Refusal = SECURE_FAILED;

/// What a number does on the page; `None` if it is no test card.
pub(super) fn on_page(number: &str) -> Option<OnPage> {
    if CHALLENGED.contains(&number) {
        return Some(OnPage::Challenge);
    }
    if FAILED_CHALLENGE.contains(&number) {
        return Some(OnPage::FailedChallenge);
    }
    if PLAIN.contains(&number) || LATER.iter().any(|(known, _)| *known == number) {
        return Some(OnPage::Paid);
    }
    let refused = DOCUMENTED.iter().find(|(numbers, _)| numbers.contains(&number));
    refused.map(|(_, refusal)| OnPage::Refused(*refusal))
}

/// What a saved card does when it is charged.
pub(super) fn later(number: &str) -> Later {
    LATER.iter().find(|(known, _)| *known == number).map_or(Later::Paid, |(_, later)| *later)
}

/// The refusal of that reason, for a test that says how a saved method shall behave.
pub(super) fn refusal(reason: &str) -> Option<Refusal> {
    let documented = DOCUMENTED.iter().map(|(_, refusal)| *refusal);
    let others = [REVOKED, EXPIRED, NO_FUNDS, SECURE_FAILED, Refusal::by_yoomoney("internal_timeout")];
    documented.chain(others).find(|refusal| refusal.reason == reason)
}

impl Card {
    pub(super) fn first6(&self) -> &str {
        self.number.get(..6).unwrap_or_default()
    }

    pub(super) fn last4(&self) -> &str {
        self.number.get(self.number.len().saturating_sub(4)..).unwrap_or_default()
    }

    /// The payment system, as `card_type` says it.
    pub(super) fn network(&self) -> &'static str {
        let prefixes = [
            ("22", "Mir"),
            ("37", "AmericanExpress"),
            ("35", "JCB"),
            ("36", "DinersClub"),
            ("4", "Visa"),
            ("5", "MasterCard"),
            ("67", "MasterCard"),
        ];
        prefixes.iter().find(|(prefix, _)| self.number.starts_with(prefix)).map_or("Unknown", |(_, name)| *name)
    }

    /// The issuer's country: Mir cards are Russian.
    pub(super) fn country(&self) -> &'static str {
        if self.network() == "Mir" { "RU" } else { "US" }
    }

    /// A card is good to the end of its month.
    pub(super) fn has_expired(&self, year: i32, month: u32) -> bool {
        (self.year, self.month) < (year, month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luhn(number: &str) -> bool {
        let digits = number.bytes().rev().map(|byte| u32::from(byte - b'0')).enumerate();
        digits.map(|(place, digit)| if place % 2 == 0 { digit } else { digit / 5 + digit * 2 % 10 }).sum::<u32>() % 10
            == 0
    }

    #[test]
    fn each_number_is_a_card_number_and_stands_once() {
        let documented = DOCUMENTED.iter().flat_map(|(numbers, _)| numbers.iter());
        let later = LATER.iter().map(|(number, _)| number);
        let all = CHALLENGED.iter().chain(&PLAIN).chain(&FAILED_CHALLENGE).chain(documented).chain(later);
        let mut all: Vec<_> = all.copied().collect();
        all.sort_unstable();
        for pair in all.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        assert_eq!(all.iter().filter(|number| !luhn(number)).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month() {
        let card = Card { number: "5555555555554444".into(), month: 2, year: 2028 };
        assert!(!card.has_expired(2028, 2));
        assert!(card.has_expired(2028, 3) && card.has_expired(2029, 1));
        assert_eq!((card.first6(), card.last4(), card.network()), ("555555", "4444", "MasterCard"));
    }
}
