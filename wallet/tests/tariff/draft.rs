//! Editing drafts: one admin after the other, everything undone again, nothing that mints credits.

use sqlx::PgPool;
use wallet::Wallet;
use wallet::catalog::{OperationForm, PriceFormat, RULE_KINDS, rule_example};
use wallet::clock::Clock;
use wallet::error::{Problem, Refusal};
use wallet::money::Credits;
use wallet::tariff::Flat;
use wallet::tariff::{EditKind, PriceBook, Rule, Tariff};

use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn two_admins_on_one_draft_overwrite_nothing(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let (version, seen) = (book.version, book.revision);
    wallet.tariffs().set_rule(&staff(), version, seen, "gpt-5", flat(1)).await.expect("the first");
    let second = wallet.tariffs().set_rule(&staff(), version, seen, "gpt-5", flat(0)).await;
    assert_eq!(refusal(second), Refusal::VersionConflict);
    let removed = wallet.tariffs().remove(&staff(), version, seen, "gpt-5").await;
    assert_eq!(refusal(removed), Refusal::VersionConflict);
    let kept = wallet.tariffs().book(version).await.expect("the draft");
    assert_eq!(kept.tariff("gpt-5").map(|tariff| tariff.rule.clone()), Some(flat(1)));
    // Prices that were published after the copy was made can't be undone unseen.
    let other = draft(&wallet, "gpt-5.2", 3).await;
    wallet.tariffs().publish(&staff(), other.version, other.revision, None).await.expect("published");
    let stale = wallet.tariffs().publish(&staff(), version, kept.revision, None).await;
    assert_eq!(field(stale), ("version".into(), Problem::Outdated));
    wallet.tariffs().discard(&staff(), version, kept.revision).await.expect("thrown away");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_draft_is_brought_up_to_date_and_keeps_its_own_changes(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let old = draft(&wallet, "gpt-5.2-pro", 30).await;
    let old = tariffs.set_rule(&admin, old.version, old.revision, "gpt-5", flat(1)).await.expect("changed");
    let other = draft(&wallet, "gpt-5.2-pro", 32).await;
    let other = tariffs.set_rule(&admin, other.version, other.revision, "inpaint", flat(0)).await.expect("changed");
    tariffs.publish(&admin, other.version, other.revision, None).await.expect("published");
    let stale = tariffs.publish(&admin, old.version, old.revision, None).await;
    assert_eq!(field(stale), ("version".into(), Problem::Outdated));

    let (book, clashes) = tariffs.rebase(&admin, old.version, old.revision).await.expect("up to date");
    assert_eq!((book.based_on, clashes), (Some(other.version), vec!["gpt-5.2-pro".to_owned()]));
    assert_eq!(tariffs.book(old.version).await.expect("the draft"), book);
    let mut changed = diff_of(&wallet, old.version).await;
    changed.sort();
    assert_eq!(changed, ["gpt-5", "gpt-5.2-pro"], "the other one's price of inpaint is no change any more");
    let again = tariffs.rebase(&admin, old.version, book.revision).await.expect("nothing to do");
    assert_eq!(again, (book.clone(), Vec::new()));
    let late = tariffs.rebase(&admin, old.version, old.revision).await;
    assert_eq!(refusal(late), Refusal::VersionConflict);
    let undone = tariffs.undo(&admin, old.version, book.revision).await;
    assert_eq!(field(undone), ("version".into(), Problem::NotAllowed), "it would bring old prices back");
    tariffs.publish(&admin, old.version, book.revision, None).await.expect("published");
    assert_eq!((price(&wallet, "gpt-5.2-pro").await, price(&wallet, "inpaint").await), (credits(30), credits(0)));
}

#[sqlx::test(migrations = "../migrations")]
async fn no_price_can_mint_credits(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let book = wallet.tariffs().create_draft(&staff()).await.expect("a draft");
    let minus = Rule::Flat(Flat { credits: Credits::from_micros(-1) });
    let refused = wallet.tariffs().set_rule(&staff(), book.version, book.revision, "gpt-5", minus).await;
    assert_eq!(field(refused), ("gpt-5.rule.credits".into(), Problem::TooSmall));
    let huge = Rule::Flat(Flat { credits: Credits::MAX });
    let refused = wallet.tariffs().set_rule(&staff(), book.version, book.revision, "gpt-5", huge).await;
    assert_eq!(field(refused), ("gpt-5.rule.credits".into(), Problem::TooLarge));
    let unknown = wallet.tariffs().set_rule(&staff(), book.version, book.revision, "gpt-9", flat(1)).await;
    assert_eq!(field(unknown), ("operation".into(), Problem::Unknown));
}

#[sqlx::test(migrations = "../migrations")]
async fn every_edit_can_be_undone_and_says_whose_it_was(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (tariffs, admin) = (wallet.tariffs(), staff());
    let before = tariffs.create_draft(&admin).await.expect("a draft");
    let version = before.version;
    let nothing = tariffs.undo(&admin, version, before.revision).await;
    assert_eq!(field(nothing), ("version".into(), Problem::NotAllowed));

    let book = tariffs.set_rule(&admin, version, before.revision, "gpt-5", flat(1)).await.expect("changed");
    let book = tariffs.remove(&admin, version, book.revision, "dall-e-3").await.expect("removed");
    let sheet = "operation,price\ngpt-5.2,3\ngpt-5.2-pro,32\n";
    let book = wallet.catalog().import_prices(&admin, version, book.revision, PriceFormat::Csv, sheet).await;
    let (book, _) = book.expect("imported");
    let edits = tariffs.edits(version).await.expect("a list");
    let kinds: Vec<_> = edits.iter().map(|edit| (edit.kind, edit.changes.len(), edit.is_standing)).collect();
    assert_eq!(kinds, [(EditKind::Imported, 2, true), (EditKind::Removed, 1, true), (EditKind::Changed, 1, true)]);
    assert_eq!((edits[0].by.as_str(), edits[0].revision), ("Lev Orlov", book.revision));

    let stale = tariffs.undo(&admin, version, book.revision - 1).await;
    assert_eq!(refusal(stale), Refusal::VersionConflict);
    // Another node, with nothing in memory.
    let there = Wallet::new(pool.clone(), wallet::Options::for_tests(Clock::fixed(start())));
    let mut book = there.tariffs().undo(&admin, version, book.revision).await.expect("undone");
    assert_eq!(diff_of(&wallet, version).await, ["gpt-5", "dall-e-3"]);
    book = tariffs.undo(&admin, version, book.revision).await.expect("undone");
    assert_eq!(diff_of(&wallet, version).await, ["gpt-5"]);
    book = tariffs.undo(&admin, version, book.revision).await.expect("undone");
    assert_eq!(book.tariffs, before.tariffs, "as it was, in the same order");
    let nothing = tariffs.undo(&admin, version, book.revision).await;
    assert_eq!(field(nothing), ("version".into(), Problem::NotAllowed), "an undoing is not undone");
}

fn grid(book: &PriceBook) -> &Tariff {
    book.tariff("new-matrix").expect("in the book")
}

#[sqlx::test(migrations = "../migrations")]
async fn operations_of_every_rule_are_added_and_changed(pool: PgPool) {
    let (wallet, _) = shop(&pool, "neuralbox").await;
    let (catalog, admin) = (wallet.catalog(), staff());
    let mut book = wallet.tariffs().create_draft(&admin).await.expect("a draft");
    for kind in RULE_KINDS {
        let rule = rule_example(kind).replacen('…', "gpt-5", 1).replacen('…', "dall-e-3", 1);
        let form = OperationForm {
            operation: format!("new-{kind}"),
            name: "New".to_owned(),
            category: "job".to_owned(),
            unit: "job".to_owned(),
            minimum_plan: "pro".to_owned(),
            gates: if kind == "matrix" { "quality = hd: elite".to_owned() } else { String::new() },
            kind: kind.to_owned(),
            rule,
            ..OperationForm::default()
        };
        book = catalog.add_operation(&admin, 2, book.revision, form.clone()).await.expect(kind);
        let added = book.tariff(&form.operation).expect("added");
        assert_eq!((added.rule.pricing_type(), added.minimum_plan.as_deref()), (kind, Some("pro")));
        let shown = OperationForm::from(added);
        assert_eq!(shown.gates, form.gates);
        let again = catalog.replace_operation(&admin, 2, book.revision, shown).await.expect(kind);
        assert_eq!(again.tariffs, book.tariffs, "what is shown reads back as the same");
        book = again;
        let taken = catalog.add_operation(&admin, 2, book.revision, form).await;
        assert_eq!(field(taken), ("operation".into(), Problem::Taken));
    }
    assert_eq!(diff_of(&wallet, 2).await.len(), RULE_KINDS.len());
    let wrong = OperationForm {
        operation: "Bad Name".to_owned(),
        category: "food".to_owned(),
        minimum_plan: "gold".to_owned(),
        gates: "tier premium\n\ntier = premium: gold\ntier = premium: pro".to_owned(),
        kind: "per_unit".to_owned(),
        rule: "meters = [\n  { param = \"seconds\", price = -1 },\n]".to_owned(),
        ..OperationForm::default()
    };
    let refused = refusal(catalog.add_operation(&admin, 2, book.revision, wrong).await);
    let Refusal::Unprocessable { fields } = refused else { panic!("{refused:?}") };
    let named: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
    let gates = ["gates"; 3];
    assert_eq!(named, [&["category", "rule", "minimum_plan"][..], &gates, &["operation", "name", "unit"]].concat());
    let told: Vec<&str> = fields[3..6].iter().map(|field| field.message.as_str()).collect();
    assert_eq!(told[0], "Line 1: write an option, its value and the plan: tier = premium: pro.");
    assert_eq!(told[1], "Line 3: there is no plan “gold”.");
    assert_eq!(told[2], "Line 4: tier = premium has a plan above.");
    assert!(
        fields[1].message.starts_with("line 2, column ") && fields[1].message.contains("-1 is negative"),
        "{}",
        fields[1].message
    );
    let unknown = OperationForm { gates: "size = huge: pro".to_owned(), ..OperationForm::from(grid(&book)) };
    let refused = catalog.replace_operation(&admin, 2, book.revision, unknown).await;
    assert_eq!(field(refused), ("gates".into(), Problem::Unknown), "an option that the rule does not have");
    assert_eq!(wallet.tariffs().book(2).await.expect("the draft"), book, "nothing changed");
    let open = OperationForm { gates: String::new(), ..OperationForm::from(grid(&book)) };
    let book = catalog.replace_operation(&admin, 2, book.revision, open).await.expect("changed");
    assert_eq!(grid(&book).gates, [], "taken away");
}
