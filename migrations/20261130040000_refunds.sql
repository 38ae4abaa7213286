-- Refunds: what people ask for, what staff decide, the money that goes back, and disputes.

SET LOCAL lock_timeout = '5s';

-- A request of a person: money for a purchase, or credits for an operation.
CREATE TABLE refund_requests (
    id              uuid        NOT NULL,
    -- What people call it: R-118.
    number          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    account_id      uuid        NOT NULL,
    shard           smallint    NOT NULL,
    wallet_id       bigint      NOT NULL,
    -- The person, and the key of the form that was sent.
    user_id         uuid        NOT NULL,
    idempotency_key text        NOT NULL,
    request_hash    bytea       NOT NULL,
    -- What it is about: a payment, or the entry that charged for an operation.
    payment_id      uuid,
    charge_seq      bigint,
    title           text        NOT NULL,
    reason          text        NOT NULL,
    details         text        NOT NULL,
    -- What the person was shown.
    asked_minor     bigint,
    currency        text,
    asked_credits   bigint      NOT NULL,
    state           text        NOT NULL DEFAULT 'waiting',
    -- What staff said to the person, and what came of it: money, or credits that came back.
    message         text,
    decided_by      text,
    decided_at      timestamptz,
    granted_minor   bigint,
    granted_credits bigint,
    -- The entry that gave credits for an operation back.
    entry_seq       bigint,
    reply_by        timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT refund_requests_pk PRIMARY KEY (id),
    CONSTRAINT refund_requests_number_unique UNIQUE (number),
    CONSTRAINT refund_requests_key_unique UNIQUE (account_id, idempotency_key),
    CONSTRAINT refund_requests_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT refund_requests_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT refund_requests_about_one CHECK (num_nonnulls(payment_id, charge_seq) = 1),
    CONSTRAINT refund_requests_reason_known CHECK (reason IN ('mistake', 'not_needed', 'quality', 'failed', 'other')),
    CONSTRAINT refund_requests_state_known CHECK (state IN
        ('waiting', 'withdrawn', 'refused', 'approved', 'paid', 'failed')),
    CONSTRAINT refund_requests_money_together CHECK ((payment_id IS NOT NULL) = (currency IS NOT NULL)),
    CONSTRAINT refund_requests_texts_short CHECK (length(details) <= 2000 AND length(message) <= 2000)
);
-- One request at a time about a payment; about a charge one that was not refused.
CREATE UNIQUE INDEX refund_requests_payment_open ON refund_requests (payment_id)
    WHERE payment_id IS NOT NULL AND state IN ('waiting', 'approved');
CREATE UNIQUE INDEX refund_requests_charge_open ON refund_requests (shard, wallet_id, charge_seq)
    WHERE charge_seq IS NOT NULL AND state IN ('waiting', 'approved', 'paid');
-- An account's requests, newest first.
CREATE INDEX refund_requests_account_index ON refund_requests (account_id, created_at);
-- The queue, and what was answered lately.
CREATE INDEX refund_requests_state_index ON refund_requests (state, reply_by);

-- Money that goes back. Its credits are taken first; then the provider is asked, under the refund's own id.
CREATE TABLE refunds (
    id           uuid        NOT NULL,
    payment_id   uuid        NOT NULL,
    request_id   uuid,
    -- Who began it: a request, staff, or the provider (its dashboard).
    source       text        NOT NULL,
    minor        bigint      NOT NULL,
    tax_minor    bigint      NOT NULL,
    currency     text        NOT NULL,
    credits      bigint      NOT NULL,
    -- The entry that took the credits, and the one that gave them back where the money did not go.
    taken_seq    bigint,
    restored_seq bigint,
    state        text        NOT NULL,
    provider_ref text,
    failure      text,
    begun_by     text        NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    check_at     timestamptz NOT NULL,
    checks       integer     NOT NULL DEFAULT 0,
    CONSTRAINT refunds_pk PRIMARY KEY (id),
    CONSTRAINT refunds_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT refunds_request_fk FOREIGN KEY (request_id) REFERENCES refund_requests (id),
    CONSTRAINT refunds_source_known CHECK (source IN ('request', 'staff', 'provider')),
    CONSTRAINT refunds_state_known CHECK (state IN ('created', 'pending', 'succeeded', 'failed')),
    CONSTRAINT refunds_something CHECK (minor > 0 AND tax_minor BETWEEN 0 AND minor AND credits >= 0),
    CONSTRAINT refunds_taken_with_credits CHECK ((taken_seq IS NOT NULL) = (credits > 0)),
    CONSTRAINT refunds_restored_when_failed CHECK (restored_seq IS NULL OR (state = 'failed' AND taken_seq IS NOT NULL)),
    CONSTRAINT refunds_provider_unique UNIQUE (payment_id, provider_ref)
);
-- One refund for a request.
CREATE UNIQUE INDEX refunds_request_unique ON refunds (request_id) WHERE request_id IS NOT NULL;
-- Those on their way, by when they are looked at.
CREATE INDEX refunds_due_index ON refunds (check_at) WHERE state IN ('created', 'pending');

-- What goes back is never more than what was paid, whoever sends it and however many at once: each locks its payment.
CREATE FUNCTION refunds_are_within_their_payment() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    paid bigint;
    code text;
    back bigint;
BEGIN
    SELECT minor + tax_minor, currency INTO paid, code FROM payments WHERE id = new.payment_id FOR UPDATE;
    SELECT coalesce(sum(minor), 0) INTO back FROM refunds
    WHERE payment_id = new.payment_id AND state <> 'failed' AND id <> new.id;
    IF new.state <> 'failed' AND (back + new.minor > paid OR new.currency <> code) THEN
        RAISE EXCEPTION 'payment % would be refunded more than was paid', new.payment_id
            USING ERRCODE = '23514', CONSTRAINT = 'refunds_within_payment';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER refunds_within_payment BEFORE INSERT OR UPDATE OF minor, state ON refunds
    FOR EACH ROW EXECUTE FUNCTION refunds_are_within_their_payment();

-- A payment whose money the buyer's bank wants back.
CREATE TABLE disputes (
    id           uuid        NOT NULL,
    payment_id   uuid        NOT NULL,
    -- The provider's name of it; staff open one where the provider tells none.
    provider_ref text,
    state        text        NOT NULL,
    reason       text        NOT NULL,
    minor        bigint      NOT NULL,
    currency     text        NOT NULL,
    -- Until when the provider takes evidence.
    evidence_by  timestamptz,
    -- The entry that froze the payment's unused credits, the one that gave them back, and the one that took what was
    -- spent of them when it was lost.
    frozen       bigint      NOT NULL DEFAULT 0,
    frozen_seq   bigint,
    restored_seq bigint,
    lost_seq     bigint,
    opened_by    text        NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT disputes_pk PRIMARY KEY (id),
    CONSTRAINT disputes_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT disputes_provider_unique UNIQUE (payment_id, provider_ref),
    CONSTRAINT disputes_state_known CHECK (state IN ('inquiry', 'open', 'won', 'lost', 'closed')),
    CONSTRAINT disputes_amount CHECK (minor > 0 AND frozen >= 0),
    CONSTRAINT disputes_frozen_with_credits CHECK ((frozen_seq IS NOT NULL) = (frozen > 0)),
    CONSTRAINT disputes_one_end CHECK (num_nonnulls(restored_seq, lost_seq) <= 1)
);
-- Staff open one at a time of a payment.
CREATE UNIQUE INDEX disputes_own_unique ON disputes (payment_id) WHERE provider_ref IS NULL AND state = 'open';
CREATE INDEX disputes_state_index ON disputes (state, created_at);

ALTER TABLE payments
    -- When to ask the provider what went back of it: set by its messages and by reconciliation.
    ADD COLUMN books_due_at timestamptz;
CREATE INDEX payments_books_due_index ON payments (books_due_at) WHERE books_due_at IS NOT NULL;

-- The sandbox's refunds.
ALTER TABLE sandbox_checkouts ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0;
CREATE TABLE sandbox_refunds (
    reference          text        NOT NULL,
    refund_id          uuid,
    checkout_reference text        NOT NULL,
    minor              bigint      NOT NULL,
    currency           text        NOT NULL,
    created_at         timestamptz NOT NULL,
    CONSTRAINT sandbox_refunds_pk PRIMARY KEY (reference),
    CONSTRAINT sandbox_refunds_once UNIQUE (refund_id),
    CONSTRAINT sandbox_refunds_checkout_fk FOREIGN KEY (checkout_reference) REFERENCES sandbox_checkouts (reference),
    CONSTRAINT sandbox_refunds_amount CHECK (minor > 0)
);
