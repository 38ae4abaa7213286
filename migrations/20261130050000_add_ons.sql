-- Add-ons: what owners switched on, and each month that was deducted.

SET LOCAL lock_timeout = '5s';

-- An add-on of a wallet, from being switched on to its end. What was agreed stays until then.
CREATE TABLE add_on_subscriptions (
    shard           smallint    NOT NULL,
    wallet_id       bigint      NOT NULL,
    id              uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    -- The add-on, as the catalog named it, and the credits of each month.
    code            text        NOT NULL,
    name            text        NOT NULL,
    credits         bigint      NOT NULL,
    -- Who switched it on, and the key of the form that was sent.
    user_id         uuid        NOT NULL,
    request_key     text        NOT NULL,
    -- Where its months are counted from, in which zone, and which month begins there.
    time_zone       text        NOT NULL,
    anchor          timestamptz NOT NULL,
    anchor_month    integer     NOT NULL DEFAULT 0,
    -- How many months were deducted, and when the last of them ends.
    months          integer     NOT NULL,
    paid_until      timestamptz NOT NULL,
    state           text        NOT NULL DEFAULT 'on',
    -- Whether it ends with the month that was deducted.
    cancel_at_end   boolean     NOT NULL DEFAULT false,
    -- Why it is paused, since when, and what was available then.
    pause_reason    text,
    paused_at       timestamptz,
    pause_available bigint,
    -- Since when credits that are on their way are waited for.
    short_since     timestamptz,
    -- It is not looked at before; empty once it is off.
    due_at          timestamptz,
    -- Counts its changes.
    version         bigint      NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT add_on_subscriptions_pk PRIMARY KEY (shard, wallet_id, id),
    CONSTRAINT add_on_subscriptions_key_unique UNIQUE (shard, wallet_id, request_key),
    CONSTRAINT add_on_subscriptions_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT add_on_subscriptions_state_known CHECK (state IN ('on', 'paused', 'off')),
    CONSTRAINT add_on_subscriptions_credits CHECK (credits >= 0),
    CONSTRAINT add_on_subscriptions_months CHECK (months > 0 AND anchor_month BETWEEN 0 AND months - 1),
    CONSTRAINT add_on_subscriptions_pause_together CHECK (
        (state = 'paused') = (paused_at IS NOT NULL)
        AND (state = 'paused') = (pause_reason IS NOT NULL)
        AND (state = 'paused') = (pause_available IS NOT NULL)
    ),
    CONSTRAINT add_on_subscriptions_pause_known CHECK (
        pause_reason IN ('out_of_credits', 'wallet_frozen', 'wallet_inactive')
    ),
    CONSTRAINT add_on_subscriptions_due_while_live CHECK ((state = 'off') = (due_at IS NULL))
);
-- Two tabs switch one on.
CREATE UNIQUE INDEX add_on_subscriptions_one_live ON add_on_subscriptions (shard, wallet_id, code)
    WHERE state <> 'off';
-- Those that are looked at.
CREATE INDEX add_on_subscriptions_due_index ON add_on_subscriptions (due_at) WHERE state <> 'off';

-- Each month of an add-on, and the entry that deducted it. Rows are only added.
CREATE TABLE add_on_months (
    shard      smallint    NOT NULL,
    wallet_id  bigint      NOT NULL,
    add_on_id  uuid        NOT NULL,
    -- Which month, from 0.
    month      integer     NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    credits    bigint      NOT NULL,
    entry_seq  bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT add_on_months_pk PRIMARY KEY (shard, wallet_id, add_on_id, month),
    CONSTRAINT add_on_months_entry_unique UNIQUE (shard, wallet_id, entry_seq),
    CONSTRAINT add_on_months_add_on_fk FOREIGN KEY (shard, wallet_id, add_on_id)
        REFERENCES add_on_subscriptions (shard, wallet_id, id),
    CONSTRAINT add_on_months_from_zero CHECK (month >= 0),
    CONSTRAINT add_on_months_last CHECK (ends_at > starts_at),
    CONSTRAINT add_on_months_credits CHECK (credits >= 0)
);

CREATE FUNCTION add_on_months_are_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the months of add-ons are append-only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER add_on_months_append_only BEFORE UPDATE OR DELETE ON add_on_months
    FOR EACH ROW EXECUTE FUNCTION add_on_months_are_append_only();
CREATE TRIGGER add_on_months_not_truncated BEFORE TRUNCATE ON add_on_months
    FOR EACH STATEMENT EXECUTE FUNCTION add_on_months_are_append_only();
