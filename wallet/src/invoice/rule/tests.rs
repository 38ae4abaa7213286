use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::invoice::details::SellerTax;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).expect("a day")
}

fn seller(basis_points: Option<u16>) -> Seller {
    let party = Party {
        name: "Scrip OÜ".into(),
        address: "Narva mnt 5\nTallinn".into(),
        country: "Estonia".into(),
        tax_id: "EE123456789".into(),
        email: String::new(),
    };
    let tax = basis_points.map(|basis_points| SellerTax { name: "VAT".into(), basis_points });
    Seller { party, tax, note: "Thank you".into() }
}

fn paid(minor: i64, tax_minor: i64) -> Paid {
    Paid {
        payment: PaymentId::new(),
        account: AccountId::new(),
        money: Money::from_minor(minor, Currency::USD),
        tax_minor,
        bought: Bought::Credits,
        title: "Light".into(),
        credits: Credits::from_micros(100_000_000),
        bonus: Credits::ZERO,
        provider: "stripe".into(),
        method: Some("Visa •• 4242".into()),
        payer: ("Anna".into(), "anna@example.com".into()),
        billing: BillingDetails::default(),
        locale: "en".into(),
    }
}

fn issued(draft: Draft, series: &str) -> Document {
    Document {
        id: DocumentId::new(),
        kind: draft.kind,
        series: series.to_owned(),
        number: 7,
        account: draft.account,
        payment: draft.payment,
        total: draft.total,
        tax_minor: draft.tax_minor,
        locale: draft.locale,
        issued_at: DateTime::UNIX_EPOCH,
        content: draft.content,
    }
}

fn receipt_of(paid: Paid, seller: Option<&Seller>) -> Draft {
    receipt(paid, (seller, "NeuralBox"), ("credits".into(), "credit".into()), (day(1), day(2))).expect("small amounts")
}

fn refund(minor: i64, tax_minor: i64) -> WentBack {
    let why = Back::Refund(RefundId::new());
    WentBack { payment: PaymentId::new(), why, minor, tax_minor: Some(tax_minor), credits: Credits::ZERO }
}

fn credit(original: &Document, back: &WentBack, credited: Credited) -> Option<Draft> {
    credit_note(original, back, credited, "credits".into(), (day(3), day(4)))
}

#[test]
fn a_bonus_has_a_line_that_costs_nothing() {
    let draft = receipt_of(Paid { bonus: Credits::ONE, ..paid(1_000, 200) }, Some(&seller(None)));
    balances(&draft);
    let [bought, bonus] = &draft.content.lines[..] else { panic!("{draft:?}") };
    assert_eq!((bought.credits, bonus.credits, bonus.net_minor), (Credits::from_micros(100_000_000), Credits::ONE, 0));
    assert_eq!((bonus.title.as_str(), bonus.unit.as_str()), ("Light bonus", "credit"));
}

fn balances(draft: &Draft) {
    let net: i64 = draft.content.lines.iter().map(|line| line.net_minor).sum();
    let tax = draft.content.tax.as_ref().map_or(0, |tax| tax.minor);
    assert_eq!((net + tax, tax), (draft.total.minor(), draft.tax_minor), "lines and tax are the total");
}

#[test]
fn a_receipt_tells_what_was_paid() {
    let draft = receipt_of(paid(1_000, 0), None);
    assert_eq!((draft.total.minor(), draft.tax_minor, draft.content.tax.clone()), (1_000, 0, None));
    assert_eq!(draft.content.seller, Party { name: "NeuralBox".into(), ..Party::default() }, "nobody has said more");
    let buyer = Party { name: "Anna".into(), email: "anna@example.com".into(), ..Party::default() };
    assert_eq!(draft.content.buyer, buyer);
    balances(&draft);
}

#[test]
fn tax_is_what_the_provider_added_else_a_part_of_the_price() {
    // Worked example: 20 % of the net 1000 is 200; a price of 1200 includes it.
    assert_eq!((included_tax(1_200, 2_000), included_tax(1_000, 2_000), included_tax(1, 2_000)), (200, 167, 0));
    let included = receipt_of(paid(1_200, 0), Some(&seller(Some(2_000))));
    assert_eq!((included.total.minor(), included.tax_minor), (1_200, 200));
    balances(&included);
    let added = receipt_of(paid(1_000, 220), Some(&seller(Some(2_000))));
    let tax = DocumentTax { name: "VAT".into(), basis_points: None, minor: 220 };
    assert_eq!((added.total.minor(), added.content.tax.clone()), (1_220, Some(tax)));
    balances(&added);
}

#[test]
fn an_invoice_needs_an_address_and_keeps_the_amounts() {
    let seller = seller(Some(2_000));
    let receipt = issued(receipt_of(paid(1_200, 0), Some(&seller)), "RC");
    let fields = |billing: &BillingDetails, seller| match invoice(&receipt, seller, billing, day(9)) {
        Err(Refusal::Unprocessable { fields }) => fields.into_iter().map(|error| error.field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let mut billing = BillingDetails { name: "Acme".into(), ..BillingDetails::default() };
    assert_eq!(fields(&billing, Some(&seller)), ["address", "country"]);
    billing.address = "Main Street 1".into();
    assert_eq!(fields(&billing, Some(&seller)), ["country"]);
    billing.country = "Ireland".into();
    assert_eq!(fields(&billing, None), ["seller"]);
    let draft = invoice(&receipt, Some(&seller), &billing, day(9)).expect("complete");
    assert_eq!((draft.kind, draft.original), (DocumentKind::Invoice, Some(receipt.id)));
    assert_eq!((draft.total, draft.tax_minor), (receipt.total, receipt.tax_minor));
    assert_eq!(draft.content.original.as_deref(), Some("RC-00007"));
    assert_eq!((draft.content.buyer.name.as_str(), draft.content.buyer.email.as_str()), ("Acme", "anna@example.com"));
    assert_eq!((draft.content.paid_on, draft.content.issued_on), (day(1), day(9)));
}

#[test]
fn a_credit_note_reduces_its_original() {
    let receipt = issued(receipt_of(paid(1_200, 0), Some(&seller(Some(2_000)))), "RC");
    let first = credit(&receipt, &refund(600, 0), Credited::default()).expect("something is left");
    assert_eq!((first.total.minor(), first.tax_minor, first.content.original.as_deref()), (600, 100, Some("RC-00007")));
    balances(&first);
    let all = Credited { total: 1_200, tax: 200 };
    assert_eq!(credit(&receipt, &refund(1, 0), all), None, "nothing is left");
    // A bank takes more than is left.
    let dispute = WentBack { why: Back::Dispute(DisputeId::new()), tax_minor: None, ..refund(5_000, 0) };
    let rest = credit(&receipt, &dispute, Credited { total: 600, tax: 100 }).expect("the rest");
    assert_eq!((rest.total.minor(), rest.tax_minor, rest.content.is_dispute), (600, 100, true));
    let note = issued(first, "CN");
    let back = debit_note(&note, Back::Refund(RefundId::new()), day(5));
    assert_eq!((back.total, back.tax_minor, back.content.original.as_deref()), (note.total, 100, Some("CN-00007")));
    balances(&back);
}

#[test]
fn a_tax_that_the_provider_added_goes_back_as_its_refund_says() {
    let receipt = issued(receipt_of(paid(1_000, 200), None), "RC");
    let note = credit(&receipt, &refund(400, 66), Credited::default()).expect("something is left");
    assert_eq!((note.tax_minor, note.content.tax.expect("a tax").minor), (66, 66));
}

#[test]
fn a_statement_is_the_sum_of_its_rows() {
    let row = |kind, minor: i64, tax_minor: i64, currency| StatementRow {
        kind,
        code: "X".into(),
        title: "Light".into(),
        on: day(1),
        total: Money::from_minor(signed(kind, minor), currency),
        tax_minor: signed(kind, tax_minor),
    };
    let rows = [
        row(DocumentKind::Receipt, 1_200, 200, Currency::USD),
        row(DocumentKind::Receipt, 900, 0, Currency::RUB),
        row(DocumentKind::CreditNote, 600, 100, Currency::USD),
        row(DocumentKind::DebitNote, 600, 100, Currency::USD),
        row(DocumentKind::CreditNote, 300, 50, Currency::USD),
    ];
    let sums = totals(&rows).expect("small");
    let seen: Vec<_> =
        sums.iter().map(|sum| (sum.paid.minor(), sum.returned.minor(), sum.net.minor(), sum.tax_minor)).collect();
    assert_eq!(seen, [(1_200, 300, 900, 150), (900, 0, 900, 0)]);
    let huge =
        [row(DocumentKind::Receipt, i64::MAX, 0, Currency::USD), row(DocumentKind::Receipt, 1, 0, Currency::USD)];
    assert_eq!(totals(&huge), None);
}

proptest! {
    /// However a payment goes back in parts, their taxes come to its tax to the cent, and none is out of its bounds.
    #[test]
    fn parts_come_to_the_whole(
        minor in 1_i64..1_000_000_000,
        basis_points in 1_u16..10_000,
        cuts in prop::collection::vec(1_i64..1_000_000, 0..8),
    ) {
        let original = issued(receipt_of(paid(minor, 0), Some(&seller(Some(basis_points)))), "RC");
        let mut credited = Credited::default();
        for cut in cuts.into_iter().chain([i64::MAX]) {
            let Some(note) = credit(&original, &refund(cut, 0), credited) else { break };
            balances(&note);
            prop_assert!(0 <= note.tax_minor && note.tax_minor <= note.total.minor());
            credited.total += note.total.minor();
            credited.tax += note.tax_minor;
        }
        prop_assert_eq!((credited.total, credited.tax), (original.total.minor(), original.tax_minor));
    }
}
