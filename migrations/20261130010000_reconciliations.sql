-- What staff see of payments: what happened to each, and how ours compare with the providers' books.

SET LOCAL lock_timeout = '5s';

-- The states that a payment has had, in order. Rows are only added, by a trigger, in the transaction of each change:
-- whoever makes it, no state is left out.
CREATE TABLE payment_states (
    payment_id uuid        NOT NULL,
    number     integer     NOT NULL,
    status     text        NOT NULL,
    failure    text,
    at         timestamptz NOT NULL,
    CONSTRAINT payment_states_pk PRIMARY KEY (payment_id, number),
    CONSTRAINT payment_states_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id)
);

-- What is known of payments that are there already: the state that they are in.
INSERT INTO payment_states (payment_id, number, status, failure, at)
SELECT id, 1, status, failure, updated_at
FROM payments;

-- The payment's row is locked by the statement that woke the trigger, so that numbers have neither gap nor double.
CREATE FUNCTION payment_state_is_noted() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payment_states (payment_id, number, status, failure, at)
    SELECT new.id, coalesce(max(number), 0) + 1, new.status, new.failure, new.updated_at
    FROM payment_states
    WHERE payment_id = new.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER payments_made_noted AFTER INSERT ON payments
    FOR EACH ROW EXECUTE FUNCTION payment_state_is_noted();
CREATE TRIGGER payments_state_noted AFTER UPDATE OF status, failure ON payments
    FOR EACH ROW WHEN ((old.status, old.failure) IS DISTINCT FROM (new.status, new.failure))
    EXECUTE FUNCTION payment_state_is_noted();

ALTER TABLE payments
    -- When its provider first named it.
    ADD COLUMN sent_at timestamptz;
-- Staff list payments by the time of their order, newest first, and compare those of a period.
CREATE INDEX payments_created_index ON payments (created_at, id);

-- What providers said when they were asked about a payment. Rows are only added: one for each answer that differs from
-- the one before. No addresses of pages, and nothing of a method but its label.
CREATE TABLE payment_answers (
    id             uuid        NOT NULL,
    payment_id     uuid        NOT NULL,
    -- The state as the provider tells it, with the reason of a decline.
    status         text        NOT NULL,
    decline        text,
    reference      text        NOT NULL,
    order_id       uuid,
    minor          bigint      NOT NULL,
    currency       text        NOT NULL,
    tax_minor      bigint      NOT NULL,
    refunded_minor bigint      NOT NULL,
    at             timestamptz NOT NULL,
    CONSTRAINT payment_answers_pk PRIMARY KEY (id),
    CONSTRAINT payment_answers_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT payment_answers_status_known CHECK (status IN
        ('open', 'processing', 'paid', 'declined', 'cancelled', 'expired')),
    CONSTRAINT payment_answers_currency_form CHECK (currency ~ '^[A-Z]{3}$')
);
-- The answers about a payment, in order.
CREATE INDEX payment_answers_payment_index ON payment_answers (payment_id, id);

-- A provider's message and a mail say which payment they are about, where they are about one.
ALTER TABLE provider_events
    ADD COLUMN payment_id uuid;
CREATE INDEX provider_events_payment_index ON provider_events (payment_id) WHERE payment_id IS NOT NULL;
-- Messages that came before that are found by the name that they give.
CREATE INDEX provider_events_object_index ON provider_events (provider, object_ref) WHERE object_ref IS NOT NULL;
ALTER TABLE mails
    ADD COLUMN payment_id uuid;
CREATE INDEX mails_payment_index ON mails (payment_id) WHERE payment_id IS NOT NULL;

-- Comparisons of our payments with the books of one provider. Rows are only added.
CREATE TABLE reconciliations (
    id          uuid        NOT NULL,
    provider    text        NOT NULL,
    -- The period in which the payments were made.
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    began_at    timestamptz NOT NULL,
    -- How many agree, and how many differ.
    matched     bigint      NOT NULL,
    differences bigint      NOT NULL,
    -- Payments in the provider's books that are no order of a Scrip, and those that wait for staff: neither agrees nor
    -- differs.
    others      bigint      NOT NULL,
    in_review   bigint      NOT NULL,
    -- Why nothing was compared, as a code.
    problem     text,
    CONSTRAINT reconciliations_pk PRIMARY KEY (id),
    CONSTRAINT reconciliations_forward CHECK (from_at < to_at),
    CONSTRAINT reconciliations_counts CHECK (matched >= 0 AND differences >= 0 AND others >= 0 AND in_review >= 0),
    CONSTRAINT reconciliations_nothing_without_books CHECK
        (problem IS NULL OR (matched, differences, others, in_review) = (0, 0, 0, 0))
);
-- The newest of each provider.
CREATE INDEX reconciliations_provider_index ON reconciliations (provider, began_at DESC);

-- What differs, each once however often it is found. Rows are only added.
CREATE TABLE payment_differences (
    id             uuid        NOT NULL,
    provider       text        NOT NULL,
    -- What makes it the same one when it is found again: its kind, what it is about, and the amounts.
    same_key       text        NOT NULL,
    kind           text        NOT NULL,
    payment_id     uuid,
    reference      text,
    ours_minor     bigint,
    ours_currency  text,
    theirs_minor   bigint,
    theirs_currency text,
    -- When the payment was made.
    about_at       timestamptz NOT NULL,
    found_at       timestamptz NOT NULL,
    CONSTRAINT payment_differences_pk PRIMARY KEY (id),
    CONSTRAINT payment_differences_same_unique UNIQUE (provider, same_key),
    CONSTRAINT payment_differences_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT payment_differences_kind_known CHECK (kind IN
        ('paid_there', 'not_paid_there', 'amount', 'refunded_there', 'refund_missing', 'paid_twice', 'unknown_order')),
    CONSTRAINT payment_differences_ours_together CHECK (num_nulls(ours_minor, ours_currency) IN (0, 2)),
    CONSTRAINT payment_differences_theirs_together CHECK (num_nulls(theirs_minor, theirs_currency) IN (0, 2)),
    CONSTRAINT payment_differences_about_something CHECK (num_nonnulls(payment_id, reference) > 0)
);
-- The differences of a payment.
CREATE INDEX payment_differences_payment_index ON payment_differences (payment_id) WHERE payment_id IS NOT NULL;
-- All of them, newest first.
CREATE INDEX payment_differences_found_index ON payment_differences (found_at, id);

-- Which comparison found which difference. Rows are only added.
CREATE TABLE found_differences (
    reconciliation_id uuid NOT NULL,
    difference_id     uuid NOT NULL,
    CONSTRAINT found_differences_pk PRIMARY KEY (reconciliation_id, difference_id),
    CONSTRAINT found_differences_reconciliation_fk FOREIGN KEY (reconciliation_id) REFERENCES reconciliations (id),
    CONSTRAINT found_differences_difference_fk FOREIGN KEY (difference_id) REFERENCES payment_differences (id)
);
-- When a difference was found last.
CREATE INDEX found_differences_difference_index ON found_differences (difference_id);

CREATE FUNCTION payment_history_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of payments is append-only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER plan_changes_append_only BEFORE UPDATE OR DELETE ON plan_changes
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER plan_changes_not_truncated BEFORE TRUNCATE ON plan_changes
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER payment_states_append_only BEFORE UPDATE OR DELETE ON payment_states
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER payment_states_not_truncated BEFORE TRUNCATE ON payment_states
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER payment_answers_append_only BEFORE UPDATE OR DELETE ON payment_answers
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER payment_answers_not_truncated BEFORE TRUNCATE ON payment_answers
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER reconciliations_append_only BEFORE UPDATE OR DELETE ON reconciliations
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER reconciliations_not_truncated BEFORE TRUNCATE ON reconciliations
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER payment_differences_append_only BEFORE UPDATE OR DELETE ON payment_differences
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER payment_differences_not_truncated BEFORE TRUNCATE ON payment_differences
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER found_differences_append_only BEFORE UPDATE OR DELETE ON found_differences
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER found_differences_not_truncated BEFORE TRUNCATE ON found_differences
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();
