//! Upstream costs on a real database: uploaded whole or not at all, margins, drops that are drafted, due reviews.
#![cfg(feature = "postgres")]

mod people_support;

use chrono::TimeDelta;
use people_support::*;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::{Problem, Refusal};
use wallet::id::UserId;
use wallet::identity::{Actor, SignUp, StaffRole};
use wallet::notify::Mail;
use wallet::tariff::{Direction, Margin, MarginRow, NoMargin};

fn staff() -> Actor {
    Actor::Staff { id: UserId::new(), name: "Lev Orlov".to_owned() }
}

async fn upload(wallet: &Wallet, rows: &str) -> wallet::error::Result<usize> {
    let sheet = format!("operation,cost,per,currency,source,review_on\n{rows}\n");
    wallet.catalog().upload_costs(&staff(), &sheet).await
}

async fn row(wallet: &Wallet, operation: &str) -> MarginRow {
    let rows = wallet.catalog().margins().await.expect("a table").rows;
    rows.into_iter().find(|row| row.operation == operation).expect("there")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_csv_file_is_taken_whole_or_not_at_all(pool: PgPool) {
    let wallet = open(&pool).await;
    let wrong = upload(&wallet, "gpt-5,4,1,RUB,list,\nno-such,1,1,RUB,list,").await;
    let Refusal::Unprocessable { fields } = refusal(wrong) else { panic!("fields") };
    assert_eq!((fields[0].field.as_str(), fields[0].problem), ("costs", Problem::Malformed));
    assert!(fields[0].message.starts_with("line 3, column 1"), "{}", fields[0].message);
    assert_eq!(row(&wallet, "gpt-5").await.margin, Err(NoMargin::NoCost), "nothing was kept");

    assert_eq!(upload(&wallet, "gpt-5,4,1,RUB,list,\ngpt-5-nano,1,1,USD,list,").await.expect("kept"), 2);
    assert_eq!(upload(&wallet, "gpt-5,4,1,RUB,list,").await.expect("known"), 0, "the same again is nothing new");
    let found = row(&wallet, "gpt-5").await;
    // The smallest pack: 4.99 roubles a token, of which two are the price.
    let (worst, best) = found.margin.expect("a margin");
    assert_eq!(worst, best);
    assert_eq!(found.cost.expect("a cost").review_on, (start() + TimeDelta::days(90)).date_naive());
    assert_eq!(row(&wallet, "gpt-5-nano").await.margin, Err(NoMargin::NoRate), "nothing is sold in dollars");

    wallet.clock().advance(TimeDelta::days(1));
    upload(&wallet, "gpt-5,400,1,RUB,new list,").await.expect("kept");
    let found = row(&wallet, "gpt-5").await;
    assert!(found.is_negative() && found.margin.expect("a margin").0 < Margin(-1_000));
    let first = &wallet.catalog().margins().await.expect("a table").rows[0];
    assert_eq!(first.operation, "gpt-5", "the worst first");
    let history = wallet.tariffs().cost_history("gpt-5").await.expect("a history");
    assert_eq!(history.iter().map(|cost| cost.micros).collect::<Vec<_>>(), [400_000_000, 4_000_000]);
    let log = wallet.identity().audit_log(None, 10).await.expect("a log").rows;
    let uploads: Vec<_> = log.iter().filter(|row| row.action == "upstream_costs.uploaded").collect();
    assert_eq!(uploads.len(), 2);
    assert_eq!(uploads[0].before["costs"]["gpt-5"], "4 RUB / 1");
    let sheet = wallet.catalog().export_costs().await.expect("a sheet");
    assert!(sheet.contains("gpt-5,400,1,RUB,new list,"), "{sheet}");
    assert_eq!(wallet.catalog().upload_costs(&staff(), &sheet).await.expect("known"), 0, "it is read back as it was");
}

#[sqlx::test(migrations = "../migrations")]
async fn drops_are_drafted_once_and_only_down(pool: PgPool) {
    let wallet = open(&pool).await;
    let none = refusal(wallet.tariffs().draft_drops(&staff()).await);
    assert_eq!(problems(none), [("draft".to_owned(), Problem::NotAllowed)]);
    upload(&wallet, "gpt-5.2-pro,40,1,RUB,list,\ngpt-5,1,1,RUB,list,").await.expect("kept");
    upload(&wallet, "gpt-5.2-pro,30,1,RUB,list,\ngpt-5,2,1,RUB,list,").await.expect("kept");
    assert!(row(&wallet, "gpt-5.2-pro").await.drop_from.is_some());

    let (draft, count) = wallet.tariffs().draft_drops(&staff()).await.expect("a draft");
    assert_eq!(count, 1, "a dearer model is left as it is");
    let changes = wallet.tariffs().diff(draft.version).await.expect("a diff");
    assert_eq!((changes.len(), changes[0].direction), (1, Direction::Drop));
    assert_eq!(changes[0].after.as_ref().expect("a price").min, credits(30), "39 × 30 ÷ 40 is 29.25, up");
    assert_eq!(wallet.tariffs().active().await.expect("a book").version, 1, "nothing is published");
    wallet.tariffs().publish(&staff(), draft.version, draft.revision, None).await.expect("published");
    assert!(row(&wallet, "gpt-5.2-pro").await.drop_from.is_none(), "passed on");
    assert!(wallet.tariffs().draft_drops(&staff()).await.is_err());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_drop_below_a_millionth_of_a_unit_is_passed_on_once(pool: PgPool) {
    let wallet = open(&pool).await;
    upload(&wallet, "gpt-5.2-pro,1,1000000,RUB,list,").await.expect("kept");
    upload(&wallet, "gpt-5.2-pro,0.5,1000000,RUB,list,").await.expect("kept");
    let (draft, _) = wallet.tariffs().draft_drops(&staff()).await.expect("a draft");
    let lower = draft.tariff("gpt-5.2-pro").expect("there").rule.range().min;
    assert_eq!(lower, credits(20), "half of 39, up");
    wallet.tariffs().publish(&staff(), draft.version, draft.revision, None).await.expect("published");
    assert!(row(&wallet, "gpt-5.2-pro").await.drop_from.is_none(), "passed on");
    let again = refusal(wallet.tariffs().draft_drops(&staff()).await);
    assert_eq!(problems(again), [("draft".to_owned(), Problem::NotAllowed)]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_due_review_mails_the_admins_once_and_drafts(pool: PgPool) {
    let wallet = open(&pool).await;
    let form = |email: &str| SignUp { email: email.into(), ..form(email) };
    wallet.identity().create_staff(form("chief@example.com"), StaffRole::Admin).await.expect("staff");
    wallet.identity().create_staff(form("help@example.com"), StaffRole::Support).await.expect("staff");
    upload(&wallet, "gpt-5.2-pro,40,1,RUB,list,\ngpt-5,1,1,RUB,list,").await.expect("kept");
    upload(&wallet, "gpt-5.2-pro,30,1,RUB,list,").await.expect("kept");
    assert_eq!(wallet.review_upstream_costs().await.expect("reviewed").operations, Vec::<String>::new());
    wallet.clock().advance(TimeDelta::days(90));
    assert!(row(&wallet, "gpt-5").await.is_due);
    let reviewed = wallet.review_upstream_costs().await.expect("reviewed");
    assert_eq!(reviewed.operations, ["gpt-5", "gpt-5.2-pro"]);
    assert_eq!((reviewed.draft, reviewed.mails), (Some(2), 1));
    let mails = mails(&wallet, "chief@example.com").await;
    let review = mails.iter().find_map(|mail| match mail {
        Mail::UpstreamReview(review) => Some(review),
        _ => None,
    });
    assert_eq!(review.expect("a mail").draft, Some((2, 1)));
    assert_eq!(wallet.review_upstream_costs().await.expect("reviewed").mails, 0, "once");
    assert_eq!(wallet.tariffs().versions().await.expect("a list").len(), 2);
    upload(&wallet, "gpt-5,1.5,1,RUB,list,2026-09-22").await.err();
    wallet.clock().advance(TimeDelta::days(90));
    upload(&wallet, "gpt-5,1.5,1,RUB,list,").await.expect("kept");
    wallet.clock().advance(TimeDelta::days(90));
    assert_eq!(wallet.review_upstream_costs().await.expect("reviewed").operations, ["gpt-5"], "a new cost, a new day");
    assert_eq!(wallet.tariffs().versions().await.expect("a list").len(), 2, "the draft of the first review stands");
}
