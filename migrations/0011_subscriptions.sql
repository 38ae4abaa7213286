-- Plans that renew: what a subscription costs and how far it is paid, its months, and the card that is charged.

ALTER TABLE subscriptions
    -- One account has one row; each new start of a plan is a new subscription.
    ADD COLUMN id              uuid        NOT NULL DEFAULT gen_random_uuid(),
    -- The wallet that gets the credits; empty on the plan that everybody starts on.
    ADD COLUMN shard           smallint,
    ADD COLUMN wallet_id       bigint,
    -- What was agreed at the start; all empty on a plan that costs nothing. Credits are a month's.
    ADD COLUMN billing         text,
    ADD COLUMN minor           bigint,
    ADD COLUMN currency        text,
    ADD COLUMN credits         bigint,
    ADD COLUMN cancel_at_end   boolean     NOT NULL DEFAULT false,
    -- Months are counted from 0, from the anchor: so many are paid, and of so many the credits have come.
    ADD COLUMN months_paid     integer     NOT NULL DEFAULT 0,
    ADD COLUMN months_granted  integer     NOT NULL DEFAULT 0,
    -- The payment that paid last, and the first month that it paid.
    ADD COLUMN paid_by         uuid,
    ADD COLUMN paid_from       integer     NOT NULL DEFAULT 0,
    -- Declines in a row, when the first of them was, and when the card is charged again.
    ADD COLUMN failures        integer     NOT NULL DEFAULT 0,
    ADD COLUMN failing_since   timestamptz,
    ADD COLUMN next_try_at     timestamptz,
    -- The saved card, by the provider's name for it, and as people know it.
    ADD COLUMN provider        text,
    ADD COLUMN method_ref      text,
    ADD COLUMN method_label    text,
    -- When the renewal job looks next; empty where nothing will happen by itself.
    ADD COLUMN due_at          timestamptz DEFAULT now(),
    -- Counts changes: whoever decided on an older state changes nothing.
    ADD COLUMN version         bigint      NOT NULL DEFAULT 0,
    ADD CONSTRAINT subscriptions_id_unique UNIQUE (id),
    ADD CONSTRAINT subscriptions_terms_together CHECK (num_nulls(billing, minor, currency, credits, shard, wallet_id) IN (0, 6)),
    ADD CONSTRAINT subscriptions_billing_known CHECK (billing IN ('month', 'year')),
    ADD CONSTRAINT subscriptions_minor_positive CHECK (minor > 0),
    ADD CONSTRAINT subscriptions_credits_positive CHECK (credits > 0),
    ADD CONSTRAINT subscriptions_months_in_order CHECK (0 <= months_granted AND 0 <= paid_from AND paid_from <= months_paid),
    ADD CONSTRAINT subscriptions_grants_are_paid CHECK (minor IS NULL OR months_granted <= months_paid),
    ADD CONSTRAINT subscriptions_method_together CHECK (num_nulls(provider, method_ref, method_label) IN (0, 3)),
    ADD CONSTRAINT subscriptions_past_due_is_failing CHECK ((status = 'past_due') = (failing_since IS NOT NULL));
-- The renewal job takes what is due.
CREATE INDEX subscriptions_due_index ON subscriptions (due_at) WHERE due_at IS NOT NULL;

-- The months of subscriptions, each with the grant that it brought. Rows are only added.
CREATE TABLE billing_periods (
    subscription_id uuid        NOT NULL,
    month           integer     NOT NULL,
    account_id      uuid        NOT NULL,
    shard           smallint    NOT NULL,
    wallet_id       bigint      NOT NULL,
    plan            text        NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    credits         bigint      NOT NULL,
    -- The payment that it was paid with; empty where it costs nothing.
    paid_by         uuid,
    -- This month's share of that payment.
    minor           bigint,
    currency        text,
    -- The ledger row of its grant.
    entry_seq       bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    -- However often and by however many a month is granted, it is granted once.
    CONSTRAINT billing_periods_pk PRIMARY KEY (subscription_id, month),
    CONSTRAINT billing_periods_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT billing_periods_paid_by_fk FOREIGN KEY (paid_by) REFERENCES payments (id),
    CONSTRAINT billing_periods_month_counted CHECK (month >= 0),
    CONSTRAINT billing_periods_forward CHECK (starts_at < ends_at),
    CONSTRAINT billing_periods_credits_positive CHECK (credits > 0),
    CONSTRAINT billing_periods_share_together CHECK (num_nulls(paid_by, minor, currency) IN (0, 3))
);
-- An account's months, newest first.
CREATE INDEX billing_periods_account_index ON billing_periods (account_id, starts_at DESC);
-- The months that a payment has paid.
CREATE INDEX billing_periods_paid_by_index ON billing_periods (paid_by) WHERE paid_by IS NOT NULL;

-- A payment for a plan says for which months of which subscription, and to what its payer agreed.
ALTER TABLE payments
    ADD COLUMN subscription_id uuid,
    ADD COLUMN plan            text,
    ADD COLUMN billing         text,
    ADD COLUMN month           integer,
    ADD COLUMN consent         text,
    ADD CONSTRAINT payments_plan_together CHECK (num_nulls(subscription_id, plan, billing, month, consent) IN (0, 5)),
    ADD CONSTRAINT payments_billing_known CHECK (billing IN ('month', 'year')),
    ADD CONSTRAINT payments_month_counted CHECK (month >= 0);
-- One open payment for the same months: the job, a retry and a person with two tabs find the same one.
CREATE UNIQUE INDEX payments_one_open ON payments (subscription_id, month)
    WHERE subscription_id IS NOT NULL AND status IN ('pending', 'processing', 'unknown');
-- Months are paid once.
CREATE UNIQUE INDEX payments_one_paid ON payments (subscription_id, month)
    WHERE subscription_id IS NOT NULL AND status = 'succeeded';

-- The sandbox's saved cards.
CREATE TABLE sandbox_methods (
    reference  text        NOT NULL,
    label      text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT sandbox_methods_pk PRIMARY KEY (reference)
);
ALTER TABLE sandbox_checkouts
    ADD COLUMN save_method boolean NOT NULL DEFAULT false,
    -- The card that a page saved, or that was charged without a page.
    ADD COLUMN method_ref  text,
    ADD CONSTRAINT sandbox_checkouts_method_fk FOREIGN KEY (method_ref) REFERENCES sandbox_methods (reference);
-- How often a saved card was charged.
CREATE INDEX sandbox_checkouts_method_index ON sandbox_checkouts (method_ref) WHERE method_ref IS NOT NULL;
