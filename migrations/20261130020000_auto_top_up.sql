-- Auto top-up: what owners agreed to, how each wallet stands, which payments were made by it, and what webhooks tell.

SET LOCAL lock_timeout = '5s';

-- What an owner agreed to. Rows are only added: each change of amount, threshold, limit or card is another one.
CREATE TABLE auto_top_up_consents (
    shard        smallint    NOT NULL,
    wallet_id    bigint      NOT NULL,
    number       integer     NOT NULL,
    account_id   uuid        NOT NULL,
    -- Who agreed, when, and to which text.
    user_id      uuid        NOT NULL,
    consent      text        NOT NULL,
    created_at   timestamptz NOT NULL,
    -- It tops up when less is available; empty: only when a charge would be refused.
    threshold    bigint,
    -- What each charge buys: `package`, `amount` (of `most_minor`) or `fill_to`.
    buys         text        NOT NULL,
    package      text,
    fill_to      bigint,
    currency     text        NOT NULL,
    -- The most of one charge, of a day and of a calendar month, in the account's time zone.
    amount_minor bigint,
    most_minor   bigint      NOT NULL,
    daily_minor  bigint      NOT NULL,
    monthly_minor bigint     NOT NULL,
    method_id    uuid        NOT NULL,
    method_label text        NOT NULL,
    CONSTRAINT auto_top_up_consents_pk PRIMARY KEY (shard, wallet_id, number),
    CONSTRAINT auto_top_up_consents_wallet_fk FOREIGN KEY (shard, wallet_id) REFERENCES wallets (shard, wallet_id),
    CONSTRAINT auto_top_up_consents_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT auto_top_up_consents_method_fk FOREIGN KEY (method_id) REFERENCES payment_methods (id),
    CONSTRAINT auto_top_up_consents_counted CHECK (number > 0),
    CONSTRAINT auto_top_up_consents_threshold_positive CHECK (threshold > 0),
    CONSTRAINT auto_top_up_consents_buys_known CHECK (buys IN ('package', 'amount', 'fill_to')),
    CONSTRAINT auto_top_up_consents_buys_one CHECK (
        (buys = 'package') = (package IS NOT NULL)
        AND (buys = 'amount') = (amount_minor IS NOT NULL)
        AND (buys = 'fill_to') = (fill_to IS NOT NULL)
    ),
    CONSTRAINT auto_top_up_consents_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT auto_top_up_consents_limits CHECK (
        0 < most_minor AND most_minor <= daily_minor AND daily_minor <= monthly_minor
    )
);

-- How auto top-up of a wallet stands. No row: its owner never agreed.
CREATE TABLE auto_top_ups (
    shard        smallint    NOT NULL,
    wallet_id    bigint      NOT NULL,
    account_id   uuid        NOT NULL,
    -- The newest consent, and its threshold.
    number       integer     NOT NULL,
    threshold    bigint,
    method_id    uuid        NOT NULL,
    is_on        boolean     NOT NULL,
    -- Why it is suspended, as a code, and until when where that ends by itself.
    reason       text,
    until        timestamptz,
    -- Its bank asks for the owner: the payment that the owner can make.
    asks_payment uuid,
    -- A charge was refused since the last top-up, and what it needed.
    asked_at     timestamptz,
    needed       bigint,
    -- The payment that was made and whose end was not acted on.
    open_payment uuid,
    -- It is not looked at before.
    next_at      timestamptz,
    -- Charges by the consent until then count no more: its owner has settled what stopped it.
    counts_from  timestamptz,
    -- Counts what its owner and Scrip have changed.
    version      bigint      NOT NULL DEFAULT 1,
    CONSTRAINT auto_top_ups_pk PRIMARY KEY (shard, wallet_id),
    CONSTRAINT auto_top_ups_consent_fk FOREIGN KEY (shard, wallet_id, number)
        REFERENCES auto_top_up_consents (shard, wallet_id, number),
    CONSTRAINT auto_top_ups_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT auto_top_ups_suspended_is_on CHECK (reason IS NULL OR is_on),
    CONSTRAINT auto_top_ups_until_has_reason CHECK (until IS NULL OR reason IS NOT NULL),
    CONSTRAINT auto_top_ups_asked_together CHECK ((asked_at IS NULL) = (needed IS NULL))
);
-- Those that are looked at.
CREATE INDEX auto_top_ups_on_index ON auto_top_ups (shard, wallet_id) WHERE is_on OR open_payment IS NOT NULL;
-- Those of an account, where one of its cards or payments is in trouble.
CREATE INDEX auto_top_ups_account_index ON auto_top_ups (account_id);

ALTER TABLE payments
    -- The consent by which it was made without its owner; empty for orders that a person made.
    ADD COLUMN auto_top_up integer,
    -- When its card was about to be charged: until then it can be called off.
    ADD COLUMN charging_at timestamptz,
    -- The declined payment of auto top-up in whose place its owner pays.
    ADD COLUMN recovers    uuid,
    ADD CONSTRAINT payments_auto_top_up_is_nobodys CHECK (
        auto_top_up IS NULL OR (user_id IS NULL AND subscription_id IS NULL AND change_of IS NULL AND recovers IS NULL)
    );
-- One at a time: whoever finds a wallet low, on whatever node.
CREATE UNIQUE INDEX payments_one_auto_top_up ON payments (shard, wallet_id)
    WHERE auto_top_up IS NOT NULL AND status IN ('pending', 'processing', 'unknown');
-- The limits of a day and a month, and the page of its owner.
CREATE INDEX payments_auto_top_up_index ON payments (shard, wallet_id, created_at) WHERE auto_top_up IS NOT NULL;
-- Two tabs find the same order.
CREATE UNIQUE INDEX payments_one_recovery ON payments (recovers)
    WHERE recovers IS NOT NULL AND status IN ('pending', 'processing', 'unknown');

-- The day and the month that an automatic payment counts in: as they were in the account's time zone when it was made.
-- Rows are only added.
CREATE TABLE auto_top_up_charges (
    payment_id uuid        NOT NULL,
    shard      smallint    NOT NULL,
    wallet_id  bigint      NOT NULL,
    number     integer     NOT NULL,
    day_from   timestamptz NOT NULL,
    month_from timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT auto_top_up_charges_pk PRIMARY KEY (payment_id),
    CONSTRAINT auto_top_up_charges_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT auto_top_up_charges_consent_fk FOREIGN KEY (shard, wallet_id, number)
        REFERENCES auto_top_up_consents (shard, wallet_id, number),
    CONSTRAINT auto_top_up_charges_periods CHECK (month_from <= day_from AND day_from <= created_at)
);
CREATE INDEX auto_top_up_charges_wallet_index ON auto_top_up_charges (shard, wallet_id, created_at);

CREATE TRIGGER auto_top_up_consents_append_only BEFORE UPDATE OR DELETE ON auto_top_up_consents
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER auto_top_up_consents_not_truncated BEFORE TRUNCATE ON auto_top_up_consents
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER auto_top_up_charges_append_only BEFORE UPDATE OR DELETE ON auto_top_up_charges
    FOR EACH ROW EXECUTE FUNCTION payment_history_is_append_only();
CREATE TRIGGER auto_top_up_charges_not_truncated BEFORE TRUNCATE ON auto_top_up_charges
    FOR EACH STATEMENT EXECUTE FUNCTION payment_history_is_append_only();

-- What endpoints are told besides ledger entries and prices: written in the transaction of what it tells of, queued
-- for each endpoint that listens by the relay.
CREATE TABLE webhook_notices (
    id         uuid        NOT NULL,
    shard      smallint    NOT NULL,
    wallet_id  bigint      NOT NULL,
    event      text        NOT NULL,
    -- What it says, as data; the API's bodies are made of it.
    data       jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    -- When it was queued, also where nobody listens.
    relayed_at timestamptz,
    CONSTRAINT webhook_notices_pk PRIMARY KEY (id)
);
CREATE INDEX webhook_notices_new_index ON webhook_notices (id) WHERE relayed_at IS NULL;
-- Old ones are removed.
CREATE INDEX webhook_notices_relayed_index ON webhook_notices (relayed_at) WHERE relayed_at IS NOT NULL;
