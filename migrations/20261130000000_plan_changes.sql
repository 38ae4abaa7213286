-- Plans change: at once for the difference of the days that are left, or with the next billing date. Staff put an
-- account on a plan that was agreed with it.

SET LOCAL lock_timeout = '5s';

ALTER TABLE subscriptions
    -- What the running time was paid with: its months have a share of that, also where the plan has become a higher one.
    ADD COLUMN paid_minor   bigint,
    -- What it becomes with the next billing date, at the price that was shown; empty where it stays.
    ADD COLUMN next_plan    text,
    ADD COLUMN next_billing text,
    ADD COLUMN next_minor   bigint,
    ADD COLUMN next_credits bigint,
    -- Who put the account on the plan, where its time was not paid here.
    ADD COLUMN assigned_by  text;
UPDATE subscriptions SET paid_minor = minor;
ALTER TABLE subscriptions
    ADD CONSTRAINT subscriptions_paid_minor_together CHECK ((paid_minor IS NULL) = (minor IS NULL)),
    ADD CONSTRAINT subscriptions_next_together CHECK (num_nulls(next_plan, next_billing, next_minor, next_credits) IN (0, 4)),
    ADD CONSTRAINT subscriptions_next_follows_paid CHECK (next_plan IS NULL OR minor IS NOT NULL),
    ADD CONSTRAINT subscriptions_next_billing_known CHECK (next_billing IN ('month', 'year')),
    ADD CONSTRAINT subscriptions_next_positive CHECK (next_minor > 0 AND next_credits > 0),
    ADD CONSTRAINT subscriptions_paid_or_assigned CHECK (minor IS NULL OR num_nonnulls(paid_by, assigned_by) = 1);

-- The subscription that a payment makes a higher plan of, and the plan.
ALTER TABLE payments
    ADD COLUMN change_of uuid,
    ADD COLUMN change_to text,
    ADD CONSTRAINT payments_change_together CHECK (num_nulls(change_of, change_to) IN (0, 2)),
    ADD CONSTRAINT payments_change_is_no_month CHECK (change_of IS NULL OR subscription_id IS NULL);
-- A person with two tabs finds the same order.
CREATE UNIQUE INDEX payments_one_change ON payments (change_of, change_to)
    WHERE change_of IS NOT NULL AND status IN ('pending', 'processing', 'unknown');

-- What was shown and agreed to when a change was ordered. Rows are only added.
CREATE TABLE plan_changes (
    payment_id      uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    subscription_id uuid        NOT NULL,
    -- The month that it was ordered in, and the terms until then.
    month           integer     NOT NULL,
    from_plan       text        NOT NULL,
    from_minor      bigint      NOT NULL,
    from_credits    bigint      NOT NULL,
    -- The terms from then on: of each payment, and of each month.
    plan            text        NOT NULL,
    billing         text        NOT NULL,
    minor           bigint      NOT NULL,
    currency        text        NOT NULL,
    credits         bigint      NOT NULL,
    -- The days that were left, of the paid time and of the month.
    days_left       integer     NOT NULL,
    days            integer     NOT NULL,
    month_days_left integer     NOT NULL,
    month_days      integer     NOT NULL,
    consent         text        NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT plan_changes_pk PRIMARY KEY (payment_id),
    CONSTRAINT plan_changes_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT plan_changes_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT plan_changes_month_counted CHECK (month >= 0),
    CONSTRAINT plan_changes_upwards CHECK (minor > from_minor AND credits > from_credits),
    CONSTRAINT plan_changes_days_counted CHECK (0 < days_left AND days_left <= days
                                                AND 0 < month_days_left AND month_days_left <= month_days)
);
CREATE INDEX plan_changes_subscription_index ON plan_changes (subscription_id);
