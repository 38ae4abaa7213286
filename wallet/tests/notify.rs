//! The mails' outbox on PostgreSQL: queued with what it tells of, one sender at a time, tried again, forgotten.
#![cfg(feature = "postgres")]

mod people_support;

use people_support::*;
use sqlx::PgPool;
use wallet::identity::Ended;
use wallet::notify::Mail;

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_goes_only_with_its_transaction(pool: PgPool) {
    let wallet = open(&pool).await;
    let mail = Mail::PasswordChanged { name: "Anna".into(), ended: Ended::default() };
    let mut tx = wallet.db().begin().await.expect("a transaction");
    wallet.notify().enqueue_mail_in_tx(&mut tx, "anna@example.com", "ru", &mail).await.expect("queued");
    tx.rollback().await.expect("rolled back");
    assert!(wallet.notify().due_mails(10).await.expect("a list").is_empty());
    let mut tx = wallet.db().begin().await.expect("a transaction");
    let id = wallet.notify().enqueue_mail_in_tx(&mut tx, "anna@example.com", "ru", &mail).await.expect("queued");
    tx.commit().await.expect("committed");
    assert_eq!(wallet.notify().due_mails(10).await.expect("a list"), [id]);

    // Eight senders at once: one has it.
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let wallet = wallet.clone();
        tasks.spawn(async move { wallet.notify().take_mail(id).await.expect("asked") });
    }
    let taken: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!((taken.len(), taken[0].tries, taken[0].to.as_str()), (1, 1, "anna@example.com"));
    assert_eq!((taken[0].locale.as_str(), &taken[0].mail), ("ru", &mail));
    wallet.notify().finish_mail(id).await.expect("finished");
    assert_eq!(wallet.notify().take_mail(id).await.expect("asked"), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mail_is_tried_again_and_given_up(pool: PgPool) {
    let wallet = open(&pool).await;
    sign_up(&wallet, "anna@example.com").await;
    let id = wallet.notify().due_mails(10).await.expect("a list")[0];
    for tries in 1..=8 {
        let mail = wallet.notify().take_mail(id).await.expect("asked").expect("due");
        assert_eq!(mail.tries, tries);
        wallet.notify().fail_mail(&mail, "the server hung up").await.expect("noted");
        assert_eq!(wallet.notify().take_mail(id).await.expect("asked"), None, "not at once");
        wallet.clock().advance(minutes(120));
    }
    assert!(wallet.notify().due_mails(10).await.expect("a list").is_empty(), "given up");
    // A sender that died in the middle: its mail is taken again after a while.
    sign_up(&wallet, "boris@example.com").await;
    let id = wallet.notify().due_mails(10).await.expect("a list")[0];
    assert!(wallet.notify().take_mail(id).await.expect("asked").is_some());
    assert!(wallet.notify().take_mail(id).await.expect("asked").is_none());
    wallet.clock().advance(minutes(3));
    assert!(wallet.notify().take_mail(id).await.expect("asked").is_some());
}

#[sqlx::test(migrations = "../migrations")]
async fn mails_of_long_ago_are_removed_and_due_ones_are_not(pool: PgPool) {
    let wallet = open(&pool).await;
    sign_up(&wallet, "anna@example.com").await;
    mails(&wallet, "anna@example.com").await;
    sign_up(&wallet, "boris@example.com").await;
    assert_eq!(wallet.notify().purge().await.expect("purged"), 0, "too young");
    wallet.clock().advance(minutes(91 * 24 * 60));
    assert_eq!(wallet.notify().purge().await.expect("purged"), 1);
    assert_eq!(wallet.notify().due_mails(10).await.expect("a list").len(), 1, "what was never sent stays");
}
