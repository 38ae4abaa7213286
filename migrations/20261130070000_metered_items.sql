-- Metered items: what platforms measure, and each month that was closed.

SET LOCAL lock_timeout = '5s';

-- How many are included with a plan; a plan that is not named includes `included`.
ALTER TABLE metered_items ADD COLUMN included_by_plan jsonb NOT NULL DEFAULT '{}';

-- A wallet for which something is measured, and its running month.
CREATE TABLE metered_wallets (
    shard       smallint    NOT NULL,
    wallet_id   bigint      NOT NULL,
    account_id  uuid        NOT NULL,
    -- Which month is running: so many were closed before. Its dates were set when it began.
    month       integer     NOT NULL DEFAULT 0,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    -- What the months before came to and the wallet could not pay.
    carried     bigint      NOT NULL DEFAULT 0,
    -- How many gauges were set.
    gauges      bigint      NOT NULL DEFAULT 0,
    -- Since when credits that are on their way are waited for.
    short_since timestamptz,
    -- It is not looked at before.
    due_at      timestamptz NOT NULL,
    -- Counts the changes of the running month: gauges in it, and its end.
    version     bigint      NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT metered_wallets_pk PRIMARY KEY (shard, wallet_id),
    CONSTRAINT metered_wallets_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT metered_wallets_month CHECK (month >= 0),
    CONSTRAINT metered_wallets_last CHECK (ends_at > starts_at),
    CONSTRAINT metered_wallets_carried CHECK (carried >= 0),
    CONSTRAINT metered_wallets_gauges CHECK (gauges >= 0)
);
-- Those whose month is over.
CREATE INDEX metered_wallets_due_index ON metered_wallets (due_at);

-- What is measured for a wallet, and the terms of its running month: as they were when that began.
CREATE TABLE metered_terms (
    shard           smallint    NOT NULL,
    wallet_id       bigint      NOT NULL,
    item            text        NOT NULL,
    name            text        NOT NULL,
    unit            text        NOT NULL,
    -- How many are included, and what one more costs a month.
    included        bigint      NOT NULL,
    monthly_credits bigint      NOT NULL,
    -- Gauges of before do not count: the item was not offered meanwhile.
    since           timestamptz NOT NULL,
    CONSTRAINT metered_terms_pk PRIMARY KEY (shard, wallet_id, item),
    CONSTRAINT metered_terms_not_negative CHECK (included >= 0 AND monthly_credits >= 0)
);

-- What was measured. Of two of the same instant the later number counts. Rows are only added.
CREATE TABLE metered_gauges (
    shard      smallint    NOT NULL,
    wallet_id  bigint      NOT NULL,
    item       text        NOT NULL,
    -- From this second on.
    at         timestamptz NOT NULL,
    -- In order of arrival, from 1, without gaps within the wallet.
    number     bigint      NOT NULL,
    -- In thousandths of the unit.
    value      bigint      NOT NULL,
    -- The key that set it.
    set_by     jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT metered_gauges_pk PRIMARY KEY (shard, wallet_id, item, at, number),
    CONSTRAINT metered_gauges_number_unique UNIQUE (shard, wallet_id, number),
    CONSTRAINT metered_gauges_number CHECK (number > 0),
    -- A month of more thousandths × seconds would not fit.
    CONSTRAINT metered_gauges_value CHECK (value BETWEEN 0 AND 1000000000000),
    CONSTRAINT metered_gauges_whole_seconds CHECK (extract(epoch FROM at) % 1 = 0)
);

-- Each month that was closed, and the entry that charged for it. Rows are only added.
CREATE TABLE metered_months (
    shard       smallint    NOT NULL,
    wallet_id   bigint      NOT NULL,
    -- Which month, from 0.
    month       integer     NOT NULL,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    -- What came over from the month before, what this one cost, what was charged, and what goes over to the next.
    carried_in  bigint      NOT NULL,
    credits     bigint      NOT NULL,
    charged     bigint      NOT NULL,
    carried_out bigint      NOT NULL,
    -- Empty where nothing was charged.
    entry_seq   bigint,
    created_at  timestamptz NOT NULL,
    CONSTRAINT metered_months_pk PRIMARY KEY (shard, wallet_id, month),
    CONSTRAINT metered_months_entry_unique UNIQUE (shard, wallet_id, entry_seq),
    CONSTRAINT metered_months_from_zero CHECK (month >= 0),
    CONSTRAINT metered_months_last CHECK (ends_at > starts_at),
    CONSTRAINT metered_months_not_negative CHECK (carried_in >= 0 AND credits >= 0 AND charged >= 0 AND carried_out >= 0),
    CONSTRAINT metered_months_adds_up CHECK (carried_in + credits = charged + carried_out),
    CONSTRAINT metered_months_entry_charges CHECK ((entry_seq IS NULL) = (charged = 0))
);

-- What each item of a month came to, and by which terms. Rows are only added.
CREATE TABLE metered_month_items (
    shard           smallint    NOT NULL,
    wallet_id       bigint      NOT NULL,
    month           integer     NOT NULL,
    item            text        NOT NULL,
    name            text        NOT NULL,
    unit            text        NOT NULL,
    -- The sum over the month, in thousandths of the unit × seconds.
    used            bigint      NOT NULL,
    included        bigint      NOT NULL,
    monthly_credits bigint      NOT NULL,
    -- What that came to, rounded up to a step.
    credits         bigint      NOT NULL,
    step            bigint      NOT NULL,
    -- Gauges of before did not count.
    since           timestamptz NOT NULL,
    CONSTRAINT metered_month_items_pk PRIMARY KEY (shard, wallet_id, month, item),
    CONSTRAINT metered_month_items_not_negative CHECK (
        used >= 0 AND included >= 0 AND monthly_credits >= 0 AND credits >= 0 AND step > 0
    )
);

CREATE FUNCTION metered_rows_are_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'gauges and closed months are append-only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER metered_gauges_append_only BEFORE UPDATE OR DELETE ON metered_gauges
    FOR EACH ROW EXECUTE FUNCTION metered_rows_are_append_only();
CREATE TRIGGER metered_gauges_not_truncated BEFORE TRUNCATE ON metered_gauges
    FOR EACH STATEMENT EXECUTE FUNCTION metered_rows_are_append_only();
CREATE TRIGGER metered_months_append_only BEFORE UPDATE OR DELETE ON metered_months
    FOR EACH ROW EXECUTE FUNCTION metered_rows_are_append_only();
CREATE TRIGGER metered_months_not_truncated BEFORE TRUNCATE ON metered_months
    FOR EACH STATEMENT EXECUTE FUNCTION metered_rows_are_append_only();
CREATE TRIGGER metered_month_items_append_only BEFORE UPDATE OR DELETE ON metered_month_items
    FOR EACH ROW EXECUTE FUNCTION metered_rows_are_append_only();
CREATE TRIGGER metered_month_items_not_truncated BEFORE TRUNCATE ON metered_month_items
    FOR EACH STATEMENT EXECUTE FUNCTION metered_rows_are_append_only();
