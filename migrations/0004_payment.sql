-- Plans of accounts, payments, providers' messages, the sandbox provider's own state, and the mails' outbox.

-- The plan that an account is on; history rows follow with billing periods.
CREATE TABLE subscriptions (
    account_id uuid        NOT NULL,
    plan       text        NOT NULL,
    status     text        NOT NULL DEFAULT 'active',
    -- Billing dates are always counted from here: 31 Jan, 28 Feb, 31 Mar.
    anchor     timestamptz NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscriptions_pk PRIMARY KEY (account_id),
    CONSTRAINT subscriptions_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT subscriptions_status_known CHECK (status IN ('active', 'past_due', 'cancelled'))
);

-- Our intents to take money. The price is ours, fixed when the order is made.
CREATE TABLE payments (
    id              uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    shard           smallint    NOT NULL,
    wallet_id       bigint      NOT NULL,
    user_id         uuid,
    -- One per order, chosen by the caller; a second submit of the form finds the first order.
    idempotency_key text        NOT NULL,
    request_hash    bytea       NOT NULL,
    status          text        NOT NULL DEFAULT 'pending',
    package         text,
    title           text        NOT NULL,
    credits         bigint      NOT NULL,
    minor           bigint      NOT NULL,
    currency        text        NOT NULL,
    -- What a mail and the provider's page need.
    email           text        NOT NULL,
    name            text        NOT NULL,
    locale          text        NOT NULL,
    provider        text        NOT NULL,
    provider_ref    text,
    checkout_url    text,
    return_base     text        NOT NULL,
    failure         text,
    -- What the provider said the money was, where it differs from ours.
    mismatch        jsonb,
    entry_seq       bigint,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    expires_at      timestamptz NOT NULL,
    -- When the reconciler looks next, with growing steps.
    check_at        timestamptz NOT NULL,
    checks          integer     NOT NULL DEFAULT 0,
    CONSTRAINT payments_pk PRIMARY KEY (id),
    CONSTRAINT payments_key_unique UNIQUE (account_id, idempotency_key),
    CONSTRAINT payments_ref_unique UNIQUE (provider, provider_ref),
    CONSTRAINT payments_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT payments_status_known CHECK (status IN
        ('pending', 'processing', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown', 'held')),
    CONSTRAINT payments_credits_positive CHECK (credits > 0),
    CONSTRAINT payments_minor_positive CHECK (minor > 0),
    CONSTRAINT payments_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT payments_key_length CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    -- Credits and success come together, never one without the other.
    CONSTRAINT payments_settled_together CHECK (
        (status = 'succeeded') = (entry_seq IS NOT NULL) AND (status = 'succeeded') = (settled_at IS NOT NULL)
    )
);
-- The orders page, newest first.
CREATE INDEX payments_account_index ON payments (account_id, id DESC);
-- The reconciler takes the open ones that are due.
CREATE INDEX payments_open_index ON payments (check_at) WHERE status IN ('pending', 'processing', 'unknown');

-- Messages of providers: stored once, answered at once, worked on by a job.
CREATE TABLE provider_events (
    id           uuid        NOT NULL,
    provider     text        NOT NULL,
    dedupe_key   text        NOT NULL,
    kind         text        NOT NULL,
    object_ref   text,
    raw          jsonb       NOT NULL,
    state        text        NOT NULL DEFAULT 'received',
    tries        integer     NOT NULL DEFAULT 0,
    problem      text,
    received_at  timestamptz NOT NULL,
    processed_at timestamptz,
    CONSTRAINT provider_events_pk PRIMARY KEY (id),
    CONSTRAINT provider_events_dedupe_unique UNIQUE (provider, dedupe_key),
    CONSTRAINT provider_events_state_known CHECK (state IN ('received', 'done', 'ignored', 'failed')),
    CONSTRAINT provider_events_done_has_time CHECK ((state IN ('done', 'ignored')) = (processed_at IS NOT NULL))
);
-- The reconciler takes the ones that no job finished.
CREATE INDEX provider_events_open_index ON provider_events (received_at) WHERE state IN ('received', 'failed');

-- The sandbox provider's own books: as separate from ours as a real provider's.
CREATE TABLE sandbox_checkouts (
    reference       text        NOT NULL,
    order_id        uuid        NOT NULL,
    idempotency_key text        NOT NULL,
    title           text        NOT NULL,
    minor           bigint      NOT NULL,
    currency        text        NOT NULL,
    locale          text        NOT NULL,
    state           text        NOT NULL DEFAULT 'open',
    decline_code    text,
    method          text,
    return_url      text        NOT NULL,
    cancel_url      text        NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    CONSTRAINT sandbox_checkouts_pk PRIMARY KEY (reference),
    CONSTRAINT sandbox_checkouts_key_unique UNIQUE (idempotency_key),
    CONSTRAINT sandbox_checkouts_state_known CHECK (state IN
        ('open', 'challenge', 'processing', 'paid', 'declined', 'cancelled', 'expired')),
    CONSTRAINT sandbox_checkouts_decline_has_code CHECK ((state = 'declined') = (decline_code IS NOT NULL))
);
-- A provider is asked for the payment of an order when its reference never arrived.
CREATE INDEX sandbox_checkouts_order_index ON sandbox_checkouts (order_id);

-- Mails, written in the transaction of what they tell of, and sent by a job.
CREATE TABLE mails (
    id         uuid        NOT NULL,
    recipient  text        NOT NULL,
    locale     text        NOT NULL,
    kind       text        NOT NULL,
    -- What the mail says; emptied once it was sent, since some hold the secret of a link.
    content    jsonb       NOT NULL,
    state      text        NOT NULL DEFAULT 'queued',
    tries      integer     NOT NULL DEFAULT 0,
    problem    text,
    due_at     timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at    timestamptz,
    CONSTRAINT mails_pk PRIMARY KEY (id),
    CONSTRAINT mails_state_known CHECK (state IN ('queued', 'sent', 'failed')),
    CONSTRAINT mails_sent_has_time CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
-- The sending job takes what is due.
CREATE INDEX mails_due_index ON mails (due_at) WHERE state = 'queued';
