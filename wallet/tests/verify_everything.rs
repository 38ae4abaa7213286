//! What must hold between the concepts, and the violations that must be caught.
#![cfg(feature = "postgres")]

mod ledger_support;

use ledger_support::*;
use sqlx::PgPool;
use wallet::ledger::{Command, NewGrant, Receipt, Scope};
use wallet::money::{Currency, Money};

/// A payment that bought 100 credits, a price book in force, and a charge by it.
const BOOKS: &str = "
    SET session_replication_role = replica;
    INSERT INTO price_books (version, status, effective_at, rounding_step, created_by, created_at)
    VALUES (1, 'active', '2020-01-01', 1000000, '{}', '2020-01-01');
    INSERT INTO tariffs (price_book, operation, position, name, category, unit, rule)
    VALUES (1, 'gpt-5', 1, 'GPT-5', 'text', 'request', '{}');
    INSERT INTO payments (id, account_id, shard, wallet_id, idempotency_key, request_hash, status, title, credits, minor,
                          currency, email, name, locale, provider, return_base, entry_seq, created_at, updated_at,
                          settled_at, expires_at, check_at)
    SELECT '00000000-0000-0000-0000-000000000001', account_id, shard, wallet_id, 'k', 'x', 'succeeded', 'Light',
           100000000, 44900, 'RUB', 'a@example.com', 'A', 'en', 'sandbox', 'http://localhost', 1, now(), now(), now(),
           now(), now()
    FROM wallets;
    INSERT INTO payment_states (payment_id, number, status, at)
    VALUES ('00000000-0000-0000-0000-000000000001', 1, 'succeeded', now());
    INSERT INTO reconciliations (id, provider, from_at, to_at, began_at, matched, differences, others, in_review)
    VALUES ('00000000-0000-0000-0000-000000000002', 'sandbox', '2026-01-01', '2026-01-02', now(), 0, 1, 0, 0);
    INSERT INTO payment_differences (id, provider, same_key, kind, reference, about_at, found_at)
    VALUES ('00000000-0000-0000-0000-000000000003', 'sandbox', 'k', 'unknown_order', 'sbx_1', now(), now());
    INSERT INTO found_differences (reconciliation_id, difference_id)
    VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000003');
    INSERT INTO refund_requests (id, account_id, shard, wallet_id, user_id, idempotency_key, request_hash, payment_id,
                                 title, reason, details, asked_minor, currency, asked_credits, state, reply_by,
                                 created_at, updated_at)
    SELECT '00000000-0000-0000-0000-000000000004', account_id, shard, wallet_id, gen_random_uuid(), 'k', 'x',
           '00000000-0000-0000-0000-000000000001', 'Light', 'mistake', '', 100, 'RUB', 0, 'approved', now(), now(), now()
    FROM wallets;
    INSERT INTO refunds (id, payment_id, request_id, source, minor, tax_minor, currency, credits, state, begun_by,
                         created_at, updated_at, check_at)
    VALUES ('00000000-0000-0000-0000-000000000005', '00000000-0000-0000-0000-000000000001',
            '00000000-0000-0000-0000-000000000004', 'request', 100, 0, 'RUB', 0, 'created', 'x', now(), now(), now());
    INSERT INTO disputes (id, payment_id, state, reason, minor, currency, opened_by, created_at, updated_at)
    VALUES ('00000000-0000-0000-0000-000000000006', '00000000-0000-0000-0000-000000000001', 'open', 'fraudulent', 44900,
            'RUB', 'x', now(), now());
    UPDATE invoice_series SET last_number = 1 WHERE name IN ('RC', 'INV', 'CN');
    UPDATE payments SET documented_at = now();
    INSERT INTO refunds (id, payment_id, source, minor, tax_minor, currency, credits, state, begun_by, created_at,
                         updated_at, check_at, documented_at)
    VALUES ('00000000-0000-0000-0000-000000000007', '00000000-0000-0000-0000-000000000001', 'staff', 50, 0, 'RUB', 0,
            'succeeded', 'x', now(), now(), now(), now());
    INSERT INTO invoice_documents (id, kind, series, number, account_id, payment_id, refund_id, original_id, total_minor,
                                   tax_minor, currency, locale, content, issued_at, issued_on)
    SELECT d.id::uuid, d.kind, d.series, 1, w.account_id, '00000000-0000-0000-0000-000000000001', d.refund::uuid,
           d.original::uuid, d.total, 0, 'RUB', 'en', jsonb_build_object('lines', jsonb_build_array(
               jsonb_build_object('net_minor', d.total))), now(), '2026-01-01'
    FROM wallets AS w,
         (VALUES ('00000000-0000-0000-0000-000000000008', 'receipt', 'RC', NULL, NULL, 44900),
                 ('00000000-0000-0000-0000-000000000009', 'invoice', 'INV', NULL,
                  '00000000-0000-0000-0000-000000000008', 44900),
                 ('00000000-0000-0000-0000-00000000000a', 'credit_note', 'CN',
                  '00000000-0000-0000-0000-000000000007', '00000000-0000-0000-0000-000000000009', 50))
         AS d (id, kind, series, refund, original, total);
    SET session_replication_role = DEFAULT";

const CANARIES: &[(&str, &str)] = &[
    ("payment_is_credited_once", "UPDATE payments SET status = 'failed', entry_seq = NULL, settled_at = NULL"),
    ("payment_is_credited_once", "UPDATE payments SET credits = credits + 1"),
    ("payment_is_credited_once", "UPDATE payments SET entry_seq = 2"),
    ("payment_is_credited_once", "UPDATE grants SET reference = 'payment:2'"),
    ("payment_is_credited_once", "DELETE FROM payments"),
    ("money_in_is_the_price_of_credits", "UPDATE payments SET minor = minor - 1"),
    ("money_in_is_the_price_of_credits", "UPDATE grants SET cost_minor = NULL, cost_currency = NULL"),
    ("payment_is_the_accounts_own", "UPDATE payments SET account_id = gen_random_uuid()"),
    ("payment_states_end_at_its_own", "UPDATE payments SET failure = 'mismatch'"),
    ("payment_states_end_at_its_own", "DELETE FROM payment_states"),
    ("payment_states_end_at_its_own", "UPDATE payment_states SET number = 2"),
    ("reconciliations_have_what_they_found", "DELETE FROM found_differences"),
    ("reconciliations_have_what_they_found", "UPDATE reconciliations SET differences = 2"),
    (
        "reconciliations_have_what_they_found",
        "DELETE FROM found_differences; UPDATE reconciliations SET differences = 0",
    ),
    ("payment_history_is_guarded", "ALTER TABLE payments DISABLE TRIGGER payments_state_noted"),
    ("payment_history_is_guarded", "DROP TRIGGER payment_states_append_only ON payment_states"),
    ("refunds_are_within_their_payment", "UPDATE refunds SET minor = 44901"),
    ("refunds_are_within_their_payment", "UPDATE payments SET status = 'failed', entry_seq = NULL, settled_at = NULL"),
    ("refund_takes_its_credits_once", "UPDATE refunds SET taken_seq = 2, credits = 5"),
    (
        "refund_takes_its_credits_once",
        "UPDATE refunds SET taken_seq = 2, credits = 2000000, state = 'failed'; UPDATE refund_requests SET state = 'failed'",
    ),
    ("refund_request_ends_as_its_refund", "UPDATE refund_requests SET state = 'paid'"),
    ("refund_request_ends_as_its_refund", "UPDATE refunds SET state = 'succeeded'"),
    ("refund_request_ends_as_its_refund", "UPDATE refunds SET request_id = NULL"),
    ("dispute_moves_credits_once", "UPDATE disputes SET frozen = 5, frozen_seq = 1, state = 'won'"),
    ("dispute_moves_credits_once", "UPDATE disputes SET lost_seq = 1"),
    ("dispute_moves_credits_once", "UPDATE disputes SET restored_seq = 1"),
    ("documents_are_numbered_without_gaps", "DELETE FROM invoice_documents WHERE kind = 'invoice'"),
    ("documents_are_numbered_without_gaps", "UPDATE invoice_documents SET number = 2 WHERE kind = 'receipt'"),
    ("documents_are_numbered_without_gaps", "UPDATE invoice_series SET last_number = 2 WHERE name = 'CN'"),
    (
        "documents_are_numbered_without_gaps",
        "UPDATE invoice_series SET kind = 'receipt', is_current = false WHERE name = 'CN'",
    ),
    (
        "documents_are_numbered_without_gaps",
        "UPDATE invoice_series SET last_number = 2 WHERE name = 'INV';
         INSERT INTO invoice_documents
         SELECT gen_random_uuid(), kind, series, 2, account_id, gen_random_uuid(), NULL, NULL, original_id, total_minor,
                tax_minor, currency, locale, content, '2020-01-01', issued_on
         FROM invoice_documents WHERE kind = 'invoice'",
    ),
    ("receipt_is_what_was_paid", "UPDATE invoice_documents SET total_minor = 44901 WHERE kind = 'receipt'"),
    ("receipt_is_what_was_paid", "UPDATE invoice_documents SET total_minor = 44901 WHERE kind = 'invoice'"),
    ("receipt_is_what_was_paid", "UPDATE payments SET documented_at = NULL"),
    ("receipt_is_what_was_paid", "UPDATE payments SET tax_minor = 1"),
    ("credit_notes_are_what_went_back", "UPDATE invoice_documents SET total_minor = 49 WHERE kind = 'credit_note'"),
    ("credit_notes_are_what_went_back", "UPDATE refunds SET documented_at = NULL WHERE documented_at IS NOT NULL"),
    ("credit_notes_are_what_went_back", "UPDATE refunds SET reversed_at = now() WHERE documented_at IS NOT NULL"),
    ("credit_notes_are_what_went_back", "UPDATE invoice_documents SET tax_minor = 1 WHERE kind = 'credit_note'"),
    ("document_is_the_sum_of_its_lines", "UPDATE invoice_documents SET tax_minor = 1 WHERE kind = 'receipt'"),
    ("documents_are_guarded", "DROP TRIGGER invoice_documents_append_only ON invoice_documents"),
    ("documents_are_guarded", "ALTER TABLE invoice_documents DISABLE TRIGGER invoice_documents_not_truncated"),
    ("charge_was_priced_by_a_book_in_force", "DELETE FROM tariffs"),
    ("charge_was_priced_by_a_book_in_force", "UPDATE price_books SET effective_at = 'infinity'"),
    ("charge_was_priced_by_a_book_in_force", "DELETE FROM price_books"),
    (
        "one_price_book_is_in_force",
        "INSERT INTO price_books (version, status, effective_at, rounding_step, created_by, created_at)
         VALUES (2, 'active', now(), 1, '{}', now())",
    ),
];

#[sqlx::test(migrations = "../migrations")]
async fn what_joins_the_concepts_is_verified(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    let bought = NewGrant {
        cost: Some(Money::from_minor(44_900, Currency::RUB)),
        reference: Some("payment:00000000-0000-0000-0000-000000000001".into()),
        ..grant_of(100)
    };
    submit(&wallet, id, "g", Command::Grant(bought)).await.expect("granted");
    let receipt = Receipt { price_book_version: 1, ..Receipt::flat("gpt-5", "GPT-5", credits(2)) };
    submit(&wallet, id, "c", Command::Charge { receipt }).await.expect("charged");
    sqlx::raw_sql(BOOKS).execute(&pool).await.expect("stored");
    assert_eq!(wallet.verify(Scope::Everything).await.expect("verified"), []);
    assert_eq!(wallet.verify(Scope::Wallet(id)).await.expect("verified"), []);
    for (invariant, plant) in CANARIES {
        let mut transaction = pool.begin().await.expect("a transaction");
        let plant = format!(
            "SET LOCAL session_replication_role = replica; DROP INDEX IF EXISTS price_books_one_active; {plant}"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(plant.clone())).execute(&mut *transaction).await.expect(&plant);
        let breaches = wallet.verify_in_tx(&mut transaction, Scope::Everything).await.expect("verified");
        assert!(
            breaches.iter().any(|breach| breach.invariant == *invariant),
            "{invariant} missed {plant}: {breaches:?}"
        );
        transaction.rollback().await.expect("rolled back");
    }
    // A wallet that fails can't spend until somebody has looked. Its receipt says what was paid.
    sqlx::raw_sql("UPDATE payments SET minor = minor - 1").execute(&pool).await.expect("planted");
    assert_eq!(wallet.verify_and_freeze().await.expect("verified").len(), 2);
    assert_eq!(refusal(charge(&wallet, id, "c2", 1).await).code(), "forbidden");
    wallet.shutdown().await;
}
