//! Who may decide what something costs: whoever made a row, and the platform.
//!
//! A hold or a charge that the platform made is finished and paid back by the platform alone: a customer's key that
//! could capture a part of it, release it or pay it back would use the platform for nothing. What a customer's key made
//! itself is the customer's to capture and to call off. To pay back, and to say that the platform has failed, is the
//! platform's word in any case, unless the catalog leaves it to customers ([`Rules::customer_credit_back`]).

use crate::error::Refusal;
use crate::identity::{Actor, Side};
use crate::ledger::model::command::ReleaseReason;
use crate::ledger::model::decision::DecideError;
use crate::ledger::model::wallet_state::{Hold, Rules};

/// Refuses a customer who finishes a hold of the platform's.
pub(in crate::ledger) fn finishes(actor: &Actor, hold: &Hold) -> Result<(), DecideError> {
    match (actor.side(), hold.made_by) {
        (Side::Customer, Some(Side::Platform)) => {
            no("the platform placed this hold, and only the platform captures or releases it (with a service key)")
        }
        _ => Ok(()),
    }
}

/// Refuses a customer who releases a hold of the platform's, or any hold for the platform's reasons.
pub(in crate::ledger) fn releases(
    actor: &Actor,
    hold: &Hold,
    reason: ReleaseReason,
    rules: &Rules,
) -> Result<(), DecideError> {
    finishes(actor, hold)?;
    let is_own_word = actor.side() == Side::Platform || rules.customer_credit_back;
    match reason {
        ReleaseReason::PlatformFailure if !is_own_word => no(
            "only the platform releases for its own failure (platform_failure, with a service key); release a hold of your own as cancelled",
        ),
        _ => Ok(()),
    }
}

/// Refuses a customer who pays back what the platform charged, or anything where the catalog does not allow it.
pub(in crate::ledger) fn pays_back(actor: &Actor, made_by: &Actor, rules: &Rules) -> Result<(), DecideError> {
    match (actor.side(), made_by.side()) {
        (Side::Platform, _) => Ok(()),
        (Side::Customer, Side::Platform) => {
            no("the platform made this charge, and only the platform pays it back (with a service key)")
        }
        (Side::Customer, Side::Customer) if rules.customer_credit_back => Ok(()),
        (Side::Customer, Side::Customer) => no("only the platform pays charges back (with a service key)"),
    }
}

fn no(why: &str) -> Result<(), DecideError> {
    Err(Refusal::Forbidden { why: why.to_owned() }.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::id::{KeyId, ServiceKeyId, UserId};
    use crate::ledger::model::entry::HoldState;
    use crate::ledger::model::wallet_state::Subject;
    use crate::money::Credits;

    const OPEN_TO_CUSTOMERS: [bool; 2] = [false, true];

    fn customers() -> [Actor; 2] {
        let name = || "ci".to_owned();
        [Actor::Key { id: KeyId::new(), name: name() }, Actor::User { id: UserId::new(), name: name() }]
    }

    fn platforms() -> [Actor; 4] {
        let name = || "gateway".to_owned();
        [
            Actor::Service { id: ServiceKeyId::new(), name: name() },
            Actor::on_behalf_of("gateway", KeyId::new(), "ci"),
            Actor::Staff { id: UserId::new(), name: name() },
            Actor::system("payments"),
        ]
    }

    fn hold(made_by: Option<Side>) -> Hold {
        Hold {
            seq: 7,
            amount: Credits::ZERO,
            captured: Credits::ZERO,
            state: HoldState::Open,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            lines: Arc::default(),
            allocations: Vec::new(),
            subject: Subject::default(),
            metadata: Arc::default(),
            made_by,
            finished_by: None,
        }
    }

    fn rules(customer_credit_back: bool) -> Rules {
        Rules { customer_credit_back, ..Rules::default() }
    }

    fn is_forbidden(answer: Result<(), DecideError>) -> bool {
        match answer {
            Ok(()) => false,
            Err(DecideError::Refused(Refusal::Forbidden { why })) => {
                assert!(why.contains("platform"), "says who may: {why}");
                true
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_placed_a_hold_decides_who_finishes_it() {
        let reasons = [ReleaseReason::PlatformFailure, ReleaseReason::CustomerFailure, ReleaseReason::Cancelled];
        for open in OPEN_TO_CUSTOMERS {
            let rules = rules(open);
            for (made_by, is_platforms) in [(Some(Side::Customer), false), (Some(Side::Platform), true), (None, false)]
            {
                let hold = hold(made_by);
                for actor in customers() {
                    assert_eq!(is_forbidden(finishes(&actor, &hold)), is_platforms, "{actor:?} {made_by:?}");
                    for reason in reasons {
                        let is_platforms_word = reason == ReleaseReason::PlatformFailure && !open;
                        let refused = is_forbidden(releases(&actor, &hold, reason, &rules));
                        assert_eq!(refused, is_platforms || is_platforms_word, "{actor:?} {made_by:?} {reason:?}");
                    }
                }
                for actor in platforms() {
                    assert!(finishes(&actor, &hold).is_ok());
                    assert!(reasons.into_iter().all(|reason| releases(&actor, &hold, reason, &rules).is_ok()));
                }
            }
        }
    }

    #[test]
    fn only_the_platform_pays_back_unless_the_catalog_leaves_it_to_customers() {
        for open in OPEN_TO_CUSTOMERS {
            let rules = rules(open);
            for made_by in customers() {
                assert!(customers().iter().all(|actor| is_forbidden(pays_back(actor, &made_by, &rules)) != open));
                assert!(platforms().iter().all(|actor| pays_back(actor, &made_by, &rules).is_ok()));
            }
            for made_by in platforms() {
                assert!(customers().iter().all(|actor| is_forbidden(pays_back(actor, &made_by, &rules))));
                assert!(platforms().iter().all(|actor| pays_back(actor, &made_by, &rules).is_ok()));
            }
        }
    }
}
