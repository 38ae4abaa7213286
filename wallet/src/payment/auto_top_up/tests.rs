use super::*;
use crate::catalog::{CatalogView, Preset};
use crate::error::{Problem, Refusal};
use crate::payment::provider::AmountLimits;

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time") + TimeDelta::hours(hours)
}

fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole).expect("fits")
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn terms() -> AutoTopUpTerms {
    AutoTopUpTerms {
        threshold: Some(credits(300)),
        buys: AutoTopUpBuys::Amount { money: usd(1_000) },
        most: usd(1_000),
        daily: usd(3_000),
        monthly: usd(6_000),
        method: PaymentMethodId::new(),
        method_label: "Visa •• 4242".into(),
    }
}

fn order() -> Order {
    Order {
        package: None,
        title: "1000 credits".into(),
        credits: credits(1_000),
        bonus: Credits::ZERO,
        money: usd(1_000),
    }
}

/// What is decided about a wallet that is low, after a change of the facts.
fn step<'a>(change: impl FnOnce(&mut Facts<'a>)) -> Step {
    let (terms, order): (&'a AutoTopUpTerms, &'a Order) = (Box::leak(Box::new(terms())), Box::leak(Box::new(order())));
    let mut facts = Facts {
        terms,
        is_possible: true,
        available: credits(299),
        refused: None,
        card: Card::Ready,
        tries: &[],
        order: Some(order),
        day: Spent { minor: 0, until: at(12) },
        month: Spent { minor: 0, until: at(240) },
        now: at(0),
    };
    change(&mut facts);
    decide(&facts)
}

fn declined(code: &str, hours: i64) -> Try {
    Try { outcome: Outcome::Declined(code.into()), at: at(hours) }
}

#[test]
fn a_wallet_below_its_threshold_is_charged_for_and_one_at_it_is_not() {
    assert_eq!(step(|_| {}), Step::Charge);
    assert_eq!(step(|facts| facts.available = credits(300)), Step::Rest);
    assert_eq!(step(|facts| facts.is_possible = false), Step::Rest, "frozen, or not offered any more");
    let negative = Credits::from_micros(-5);
    assert_eq!(step(|facts| facts.available = negative), Step::Charge, "a clawback has left a debt");
}

#[test]
fn a_refused_charge_is_topped_up_for_only_where_that_covers_it() {
    let refused = |available, needed| {
        let terms = AutoTopUpTerms { threshold: None, ..terms() };
        let order = order();
        let facts = Facts {
            terms: &terms,
            is_possible: true,
            available: credits(available),
            refused: Some(credits(needed)),
            card: Card::Ready,
            tries: &[],
            order: Some(&order),
            day: Spent { minor: 0, until: at(12) },
            month: Spent { minor: 0, until: at(240) },
            now: at(0),
        };
        decide(&facts)
    };
    assert_eq!(refused(500, 501), Step::Charge);
    assert_eq!(refused(500, 1_500), Step::Charge);
    assert_eq!(refused(500, 1_501), Step::TooSmall, "one charge that brings nothing would follow another");
    assert_eq!(refused(500, 500), Step::Rest, "something else has brought credits");
}

#[test]
fn limits_hold_to_the_cent_and_say_until_when() {
    let spent = |day: i64, month: i64| {
        step(|facts| {
            (facts.day.minor, facts.month.minor) = (day, month);
        })
    };
    assert_eq!(spent(2_000, 5_000), Step::Charge);
    assert_eq!(spent(2_001, 2_001), Step::Suspend(Suspension::DailyLimit, Some(at(12))));
    assert_eq!(spent(0, 5_001), Step::Suspend(Suspension::MonthlyLimit, Some(at(240))));
    assert_eq!(spent(3_000, 6_000), Step::Suspend(Suspension::MonthlyLimit, Some(at(240))), "the longer one");
    assert_eq!(spent(0, i64::MAX), Step::Suspend(Suspension::MonthlyLimit, Some(at(240))));
}

#[test]
fn more_than_was_agreed_to_is_never_charged() {
    let dear = Order { money: usd(1_001), ..order() };
    let stops = Step::Suspend(Suspension::PriceChanged, None);
    assert_eq!(step(|facts| facts.order = Some(&dear)), stops);
    let roubles = Order { money: Money::from_minor(1, Currency::RUB), ..order() };
    assert_eq!(step(|facts| facts.order = Some(&roubles)), stops);
    assert_eq!(step(|facts| facts.order = None), stops, "it is not sold any more");
    assert_eq!(
        step(|facts| (facts.order, facts.available) = (None, credits(300))),
        Step::Rest,
        "nobody is told before it matters"
    );
}

#[test]
fn a_card_that_is_of_no_use_stops_it_whatever_is_left() {
    for (card, reason) in [
        (Card::Gone, Suspension::CardGone),
        (Card::Expired, Suspension::CardExpired),
        (Card::ProviderOff, Suspension::ProviderOff),
    ] {
        let stops = step(|facts| (facts.card, facts.available) = (card, credits(9_999)));
        assert_eq!(stops, Step::Suspend(reason, None));
    }
}

#[test]
fn one_charge_at_a_time() {
    let open = [Try { outcome: Outcome::Open, at: at(0) }];
    assert_eq!(step(|facts| facts.tries = &open), Step::Open);
}

#[test]
fn soft_declines_back_off_and_the_third_in_a_row_stops() {
    let soft = decline::INSUFFICIENT_FUNDS;
    let (first, second) = ([declined(soft, 0)], [declined(soft, 2), declined(soft, 0)]);
    assert_eq!(step(|facts| facts.tries = &first), Step::Wait(at(1)));
    assert_eq!(step(|facts| (facts.tries, facts.now) = (&first, at(1))), Step::Charge);
    assert_eq!(step(|facts| (facts.tries, facts.now) = (&second, at(3))), Step::Wait(at(26)));
    let third = [declined(soft, 26), declined(soft, 2), declined(soft, 0)];
    assert_eq!(step(|facts| (facts.tries, facts.now) = (&third, at(99))), Step::Suspend(Suspension::Declines, None));
    let paid = Try { outcome: Outcome::Paid, at: at(3) };
    let mixed = [declined(soft, 26), paid, declined(soft, 2), declined(soft, 0)];
    assert_eq!(step(|facts| (facts.tries, facts.now) = (&mixed, at(27))), Step::Charge, "not in a row");
    let nothing = Try { outcome: Outcome::Nothing, at: at(27) };
    let silent = [nothing, declined(soft, 26), declined(soft, 2)];
    assert_eq!(step(|facts| (facts.tries, facts.now) = (&silent, at(28))), Step::Charge, "a silence is no decline");
    let between = [declined(soft, 27), silent[0].clone(), declined(soft, 26), declined(soft, 2)];
    assert_eq!(after_tries(&between), AfterTries::Stop(Suspension::Declines), "and does not end a row of them");
}

#[test]
fn what_a_decline_means_decides_whether_it_is_ever_repeated() {
    for (code, reason) in [
        (decline::AUTHENTICATION_REQUIRED, Suspension::AsksOwner),
        (decline::AUTHENTICATION_FAILED, Suspension::AsksOwner),
        (decline::PERMISSION_REVOKED, Suspension::Revoked),
        (decline::CARD_LOST, Suspension::CardGone),
        (decline::METHOD_GONE, Suspension::CardGone),
        (decline::CARD_EXPIRED, Suspension::CardExpired),
        (decline::PROVIDER_OFF, Suspension::ProviderOff),
    ] {
        assert_eq!(after_tries(&[declined(code, 0)]), AfterTries::Stop(reason), "{code}");
    }
    assert_eq!(after_tries(&[Try { outcome: Outcome::InReview, at: at(0) }]), AfterTries::Stop(Suspension::InReview));
}

#[test]
fn names_are_read_as_they_are_written() {
    for reason in Suspension::ALL {
        assert_eq!(Suspension::from_code(reason.code()), Some(reason));
        assert_eq!(serde_json::to_value(reason).expect("JSON"), reason.code());
    }
    assert_eq!(Suspension::from_code("mood"), None);
}

fn catalog(preset: &str) -> CatalogView {
    Preset::by_name(preset).expect("a preset").view
}

/// Ten dollars below 300 credits, 20 a day and 60 a month, by the monthly-credits catalog: 100 credits a dollar.
fn ten_dollars() -> NewAutoTopUp {
    NewAutoTopUp {
        threshold: Some(credits(300)),
        buys: AutoTopUpBuys::Amount { money: usd(1_000) },
        currency: Currency::USD,
        daily: Some(usd(2_000)),
        monthly: usd(6_000),
        method: PaymentMethodId::new(),
    }
}

fn agreed(catalog: &CatalogView, new: &NewAutoTopUp, limits: AmountLimits) -> Result<AutoTopUpTerms, Refusal> {
    agree(new, "Visa •• 4242", catalog, limits)
}

fn wrong(catalog: &CatalogView, new: &NewAutoTopUp) -> Vec<(String, Problem)> {
    match agreed(catalog, new, AmountLimits { min: Some(50), max: Some(99_999_999) }) {
        Err(Refusal::Unprocessable { fields }) => {
            fields.into_iter().map(|field| (field.field, field.problem)).collect()
        }
        other => panic!("expected fields, got {other:?}"),
    }
}

#[test]
fn what_is_absurd_is_refused_at_its_field() {
    let catalog = catalog("monthly-credits");
    let new = ten_dollars;
    let amount = |minor| AutoTopUpBuys::Amount { money: usd(minor) };
    let fill = |whole| AutoTopUpBuys::FillTo { credits: credits(whole) };
    let negative = Credits::from_micros(-1);
    for (asked, field, problem) in [
        (NewAutoTopUp { threshold: Some(Credits::ZERO), ..new() }, "threshold", Problem::TooSmall),
        (NewAutoTopUp { threshold: Some(negative), ..new() }, "threshold", Problem::TooSmall),
        (NewAutoTopUp { threshold: Some(credits(1_001)), ..new() }, "threshold", Problem::TooLarge),
        (NewAutoTopUp { threshold: Some(credits(1_000)), buys: fill(1_000), ..new() }, "threshold", Problem::TooLarge),
        (NewAutoTopUp { threshold: Some(credits(2_000)), buys: fill(1_000), ..new() }, "threshold", Problem::TooLarge),
        (NewAutoTopUp { buys: amount(0), ..new() }, "amount", Problem::TooSmall),
        (NewAutoTopUp { buys: amount(-1), ..new() }, "amount", Problem::TooSmall),
        (NewAutoTopUp { buys: amount(99), threshold: None, ..new() }, "amount", Problem::TooSmall),
        (NewAutoTopUp { buys: amount(i64::MAX), ..new() }, "amount", Problem::NotAllowed),
        (NewAutoTopUp { buys: fill(0), ..new() }, "fill_to", Problem::TooSmall),
        (NewAutoTopUp { buys: fill(99), ..new() }, "fill_to", Problem::TooSmall),
        (NewAutoTopUp { monthly: usd(0), daily: None, ..new() }, "monthly", Problem::TooSmall),
        (NewAutoTopUp { monthly: usd(-5), daily: None, ..new() }, "monthly", Problem::TooSmall),
        (NewAutoTopUp { monthly: usd(999), daily: None, ..new() }, "monthly", Problem::TooSmall),
        (NewAutoTopUp { monthly: usd(1_000_001), ..new() }, "monthly", Problem::TooLarge),
        (NewAutoTopUp { daily: Some(usd(999)), ..new() }, "daily", Problem::TooSmall),
        (NewAutoTopUp { daily: Some(usd(6_001)), ..new() }, "daily", Problem::TooLarge),
        (NewAutoTopUp { currency: Currency::RUB, ..new() }, "currency", Problem::NotAllowed),
        (
            NewAutoTopUp { buys: AutoTopUpBuys::Package { package: "light".into() }, ..new() },
            "package",
            Problem::Unknown,
        ),
    ] {
        let found = wrong(&catalog, &asked);
        assert!(found.contains(&(field.to_owned(), problem)), "{asked:?}: {found:?}");
    }
    let several = NewAutoTopUp { threshold: Some(Credits::ZERO), daily: Some(usd(1)), monthly: usd(2), ..new() };
    assert_eq!(wrong(&catalog, &several).len(), 3, "all of them at once");
}

#[test]
fn what_is_agreed_to_names_the_most_of_one_charge() {
    let monthly = catalog("monthly-credits");
    let none = AmountLimits::default();
    let terms = agreed(&monthly, &ten_dollars(), none).expect("agreed");
    assert_eq!((terms.most, terms.daily, terms.monthly), (usd(1_000), usd(2_000), usd(6_000)));
    let fill = NewAutoTopUp { buys: AutoTopUpBuys::FillTo { credits: credits(1_550) }, daily: None, ..ten_dollars() };
    let terms = agreed(&monthly, &fill, none).expect("agreed");
    assert_eq!((terms.most, terms.daily), (usd(1_550), usd(6_000)), "where nothing is said, a day is a month");
    let amount = |available: Credits| wanted(&monthly, &terms, available).and_then(|order| order.amount);
    assert_eq!(amount(credits(299)), Some(credits(1_251)), "what is missing");
    assert_eq!(amount("299.5".parse().expect("an amount")), Some(credits(1_251)), "in whole steps");
    assert_eq!(amount(credits(-500)), Some(credits(1_550)), "never more than was agreed to");
    assert_eq!(amount(credits(1_549)), Some(credits(100)), "and no less than can be bought");
    let least = AmountLimits { min: Some(1_251), max: None };
    assert!(agreed(&monthly, &fill, least).is_err(), "just below the threshold it charges 12.50 and a little");
    assert!(agreed(&monthly, &fill, AmountLimits { min: Some(1_250), max: None }).is_ok());

    let bundles = catalog("neuraldraft");
    let package = bundles.packages.first().expect("a bundle");
    let buys = AutoTopUpBuys::Package { package: package.code.clone() };
    let price = package.price(Currency::USD).expect("a price");
    let new = NewAutoTopUp { buys, threshold: Some(package.credits), daily: None, monthly: price, ..ten_dollars() };
    assert_eq!(agreed(&bundles, &new, none).expect("agreed").most, price);
    assert_eq!(
        wrong(&bundles, &NewAutoTopUp { monthly: usd(100_000), ..ten_dollars() })[0].0,
        "amount",
        "bundles only"
    );
}
