//! Auto top-up that others pause, what endpoints are told of it, and what `scrip verify` finds.

use sqlx::PgPool;
use wallet::error::Result;
use wallet::id::WalletId;
use wallet::idempotency::IdempotencyKey;
use wallet::ledger::EntryView;
use wallet::money::Credits;
use wallet::notify::webhook::{EventKind, NewEndpoint, Notice, Payloads, UnderWay};
use wallet::payment::{ProviderStatus, Suspension, decline};
use wallet::tariff::Announcement;

use crate::auto_top_up::{agree, look, look_at, owner, seen, spend_to, terms};
use crate::people_support::*;
use crate::support::*;

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_pauses_it_and_a_frozen_wallet_is_not_topped_up(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    agree(&wallet, &viewer, &terms(card.id)).await;
    let mut tx = wallet.db().begin().await.expect("begun");
    wallet
        .payments()
        .suspend_auto_top_ups_in_tx(&mut tx, viewer.account, Suspension::Dispute)
        .await
        .expect("suspended");
    tx.commit().await.expect("committed");
    spend_to(&wallet, viewer.wallet, 200).await;
    assert_eq!((look(&wallet).await, seen(&wallet, &viewer).await.reason), (0, Some(Suspension::Dispute)));
    let mut tx = wallet.db().begin().await.expect("begun");
    wallet.payments().resume_auto_top_ups_in_tx(&mut tx, viewer.account, Suspension::Dispute).await.expect("resumed");
    tx.commit().await.expect("committed");
    sqlx::query("UPDATE wallets SET frozen = 'a test', version = version + 1").execute(&pool).await.expect("frozen");
    assert_eq!(look(&wallet).await, 0);
    sqlx::query("UPDATE wallets SET frozen = NULL, version = version + 1").execute(&pool).await.expect("thawed");
    assert_eq!(look_at(&wallet, start() + minutes(2)).await, 1);
    assert_eq!(double.books().charged.len(), 1);
    is_right(&wallet).await;
}

/// Bodies of the tests: the event's name and its reason.
struct Bodies;

impl Payloads for Bodies {
    fn entry(&self, _: &EntryView) -> Result<String> {
        Ok("{}".to_owned())
    }

    fn credits(&self, _: &EntryView, _: Option<Credits>) -> Result<String> {
        Ok("{}".to_owned())
    }

    fn hold(&self, entry: &EntryView) -> Result<String> {
        Ok(entry.seq.to_string())
    }

    fn notice(&self, _: WalletId, notice: &Notice) -> Result<String> {
        match notice {
            Notice::AutoTopUp(notice) => Ok(serde_json::to_string(&notice.reason)?),
            _ => Ok("{}".to_owned()),
        }
    }

    fn price_change(&self, _: Announcement) -> Result<String> {
        Ok("{}".to_owned())
    }

    fn line(&self, event: EventKind, _: &str, locale: &str) -> Result<String> {
        Ok(format!("{} in {locale}", event.code()))
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn endpoints_are_told_of_each_step_once(pool: PgPool) {
    let (wallet, viewer, double, card) = owner(&pool).await;
    let events = EventKind::ALL.into_iter().filter(|kind| kind.code().starts_with("auto_top_up.")).collect();
    let new =
        NewEndpoint { url: "https://hooks.example/scrip".into(), description: String::new(), events, is_slack: false };
    let key = IdempotencyKey::parse("hook").expect("a key");
    wallet.webhooks().create(viewer.wallet, &viewer.actor(), &new, &key).await.expect("made");
    agree(&wallet, &viewer, &terms(card.id)).await;
    let mut told = Vec::new();
    let mut hear = async || {
        for _ in 0..2 {
            wallet.webhooks().relay(&Bodies).await.expect("relayed");
        }
        for message in wallet.webhooks().take(&mut UnderWay::default()).await.expect("taken") {
            told.push(message.event);
            let sent =
                wallet::notify::webhook::Sent { status: Some(200), note: String::new(), millis: 1, retry_after: None };
            wallet.webhooks().finish(&message, &sent).await.expect("kept");
        }
        let news = std::mem::take(&mut told);
        let mut codes: Vec<&str> = news.iter().map(|event| event.code()).collect();
        codes.sort_unstable();
        codes.join(" ")
    };
    spend_to(&wallet, viewer.wallet, 200).await;
    look(&wallet).await;
    assert_eq!(hear().await, "auto_top_up.pending auto_top_up.succeeded");
    spend_to(&wallet, viewer.wallet, 100).await;
    double.books().declines = Some(decline::AUTHENTICATION_REQUIRED.into());
    look(&wallet).await;
    look(&wallet).await;
    assert_eq!(hear().await, "auto_top_up.failed auto_top_up.pending auto_top_up.suspended");
    let order = wallet.payments().pay_auto_top_up(&viewer, "form", BASE).await.expect("ordered").id;
    double.set(order, ProviderStatus::Paid);
    for _ in 0..2 {
        wallet.payments().check(&viewer, order).await.expect("checked");
    }
    assert_eq!(hear().await, "auto_top_up.resumed");
}

const CANARIES: &[(&str, &str)] = &[
    (
        "one_auto_top_up_at_a_time",
        "DROP INDEX payments_one_auto_top_up;
         UPDATE payments SET status = 'pending', entry_seq = NULL, settled_at = NULL WHERE auto_top_up IS NOT NULL",
    ),
    (
        "one_auto_top_up_at_a_time",
        "UPDATE payments SET status = 'unknown', entry_seq = NULL, settled_at = NULL
         WHERE id = (SELECT max(payment_id::text)::uuid FROM auto_top_up_charges)",
    ),
    ("auto_top_up_is_what_was_agreed", "UPDATE auto_top_up_consents SET most_minor = 999"),
    ("auto_top_up_is_what_was_agreed", "UPDATE auto_top_up_consents SET method_id = gen_random_uuid()"),
    ("auto_top_up_is_what_was_agreed", "UPDATE auto_top_up_consents SET created_at = created_at + interval '1 day'"),
    ("auto_top_up_is_what_was_agreed", "UPDATE auto_top_up_consents SET daily_minor = 1999"),
    ("auto_top_up_is_what_was_agreed", "UPDATE auto_top_up_consents SET monthly_minor = 1999, daily_minor = 1999"),
    ("auto_top_up_is_what_was_agreed", "DELETE FROM auto_top_up_charges"),
    ("auto_top_up_consent_is_the_accounts_own", "UPDATE wallets SET account_id = gen_random_uuid()"),
    ("auto_top_up_consent_is_the_accounts_own", "UPDATE auto_top_up_consents SET wallet_id = wallet_id + 1"),
    ("payment_history_is_guarded", "DROP TRIGGER auto_top_up_consents_append_only ON auto_top_up_consents"),
];

#[sqlx::test(migrations = "../migrations")]
async fn what_is_wrong_with_auto_top_up_is_found(pool: PgPool) {
    let (wallet, viewer, _, card) = owner(&pool).await;
    agree(&wallet, &viewer, &terms(card.id)).await;
    for minute in [1, 2] {
        spend_to(&wallet, viewer.wallet, 200).await;
        assert_eq!(look_at(&wallet, start() + minutes(minute)).await, 1);
    }
    is_right(&wallet).await;
    all_are_found(&wallet, &pool, CANARIES).await;
}
