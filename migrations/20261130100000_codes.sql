-- Promotions: bonus credits of packages, redemption codes, rewards for invitations.

SET LOCAL lock_timeout = '5s';

-- What a package brings for nothing, and what it was when a payment was ordered.
ALTER TABLE packages ADD COLUMN bonus bigint NOT NULL DEFAULT 0
    CONSTRAINT packages_bonus CHECK (bonus >= 0);
ALTER TABLE payments ADD COLUMN bonus bigint NOT NULL DEFAULT 0
    CONSTRAINT payments_bonus CHECK (bonus >= 0);

-- Credits that a payment brings for nothing: written in its transaction, granted by a step of their own, and taken back
-- as far as they are unused where all of its money went back.
CREATE TABLE promo_grants (
    payment_id uuid        NOT NULL,
    -- The bonus of a package, or a reward for an invitation: to who invited, to who was invited.
    kind       text        NOT NULL,
    account_id uuid        NOT NULL,
    shard      smallint    NOT NULL,
    wallet_id  bigint      NOT NULL,
    credits    bigint      NOT NULL,
    label      text        NOT NULL,
    priority   smallint    NOT NULL,
    expires_at timestamptz,
    -- Whether they are to be in the wallet or not, by where the payment's money is.
    wanted     text        NOT NULL DEFAULT 'given',
    -- The entry that granted them, and the one that took what was unused.
    entry_seq  bigint,
    taken_seq  bigint,
    -- How often they came back: a part of the next step's key.
    turns      integer     NOT NULL DEFAULT 0,
    -- When the next step is tried; empty where nothing is to be done.
    due_at     timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT promo_grants_pk PRIMARY KEY (payment_id, kind),
    CONSTRAINT promo_grants_kind_known CHECK (kind IN ('bonus', 'referrer', 'invited')),
    CONSTRAINT promo_grants_wanted_known CHECK (wanted IN ('given', 'taken')),
    CONSTRAINT promo_grants_credits CHECK (credits > 0),
    CONSTRAINT promo_grants_taken_after_given CHECK (taken_seq IS NULL OR entry_seq IS NOT NULL),
    CONSTRAINT promo_grants_due_until_given CHECK (entry_seq IS NOT NULL OR due_at IS NOT NULL OR wanted = 'taken')
);
-- Those of which something is to be done.
CREATE INDEX promo_grants_due_index ON promo_grants (due_at) WHERE due_at IS NOT NULL;
-- Those of a wallet: what checks of one wallet read.
CREATE INDEX promo_grants_wallet_index ON promo_grants (shard, wallet_id);

-- Redemption codes that staff made together.
CREATE TABLE code_batches (
    id           uuid        NOT NULL,
    -- What people see at the grant.
    label        text        NOT NULL,
    credits      bigint      NOT NULL,
    codes        integer     NOT NULL,
    -- How many of them one account may redeem.
    per_account  integer     NOT NULL,
    -- Until when they can be redeemed.
    expires_at   timestamptz NOT NULL,
    -- How many days their credits last; for ever where it is empty.
    grant_days   integer,
    -- Who made it and why, and who withdrew it.
    made_by      text        NOT NULL,
    reason       text        NOT NULL,
    created_at   timestamptz NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamptz,
    CONSTRAINT code_batches_pk PRIMARY KEY (id),
    CONSTRAINT code_batches_credits CHECK (credits > 0),
    CONSTRAINT code_batches_counts CHECK (codes > 0 AND per_account > 0 AND grant_days > 0),
    CONSTRAINT code_batches_withdrawn_together CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);

-- One code: its hash, and who redeemed it. Accounts have no foreign key here: the row is written beside a grant.
CREATE TABLE redemption_codes (
    batch_id     uuid        NOT NULL,
    number       integer     NOT NULL,
    hash         bytea       NOT NULL,
    withdrawn_at timestamptz,
    redeemed_at  timestamptz,
    account_id   uuid,
    user_id      uuid,
    -- The key of the form or the call.
    request_key  text,
    shard        smallint,
    wallet_id    bigint,
    entry_seq    bigint,
    CONSTRAINT redemption_codes_pk PRIMARY KEY (batch_id, number),
    CONSTRAINT redemption_codes_hash_unique UNIQUE (hash),
    CONSTRAINT redemption_codes_batch_fk FOREIGN KEY (batch_id) REFERENCES code_batches (id),
    CONSTRAINT redemption_codes_redeemed_together CHECK (
        (redeemed_at IS NULL) = (account_id IS NULL)
        AND (redeemed_at IS NULL) = (request_key IS NULL)
        AND (redeemed_at IS NULL) = (shard IS NULL)
        AND (redeemed_at IS NULL) = (wallet_id IS NULL)
        AND (redeemed_at IS NULL) = (entry_seq IS NULL)
    )
);
-- One form redeems one code.
CREATE UNIQUE INDEX redemption_codes_key_unique ON redemption_codes (account_id, request_key)
    WHERE redeemed_at IS NOT NULL;
-- From a grant to its code.
CREATE UNIQUE INDEX redemption_codes_entry_unique ON redemption_codes (shard, wallet_id, entry_seq)
    WHERE redeemed_at IS NOT NULL;

-- How many codes of a batch an account has redeemed: counted in the transaction of each.
CREATE TABLE code_uses (
    batch_id   uuid    NOT NULL,
    account_id uuid    NOT NULL,
    used       integer NOT NULL,
    CONSTRAINT code_uses_pk PRIMARY KEY (batch_id, account_id),
    CONSTRAINT code_uses_used CHECK (used > 0)
);

-- A code that was redeemed stays so.
CREATE FUNCTION redemption_codes_stay_redeemed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'redemption codes are redeemed once, and never removed' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER redemption_codes_once BEFORE UPDATE ON redemption_codes
    FOR EACH ROW WHEN (old.redeemed_at IS NOT NULL OR new.hash <> old.hash)
    EXECUTE FUNCTION redemption_codes_stay_redeemed();
CREATE TRIGGER redemption_codes_kept BEFORE DELETE ON redemption_codes
    FOR EACH ROW EXECUTE FUNCTION redemption_codes_stay_redeemed();
CREATE TRIGGER redemption_codes_not_truncated BEFORE TRUNCATE ON redemption_codes
    FOR EACH STATEMENT EXECUTE FUNCTION redemption_codes_stay_redeemed();

-- By which an account invites others.
CREATE TABLE referral_codes (
    account_id uuid        NOT NULL,
    code       text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT referral_codes_pk PRIMARY KEY (account_id),
    CONSTRAINT referral_codes_code_unique UNIQUE (code),
    CONSTRAINT referral_codes_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
);

-- Which account was invited by which, and what came of it when it first paid.
CREATE TABLE referrals (
    invited_id  uuid        NOT NULL,
    referrer_id uuid        NOT NULL,
    state       text        NOT NULL DEFAULT 'waiting',
    -- Why there is no reward: `off`, `limit`, `same_person`.
    why         text,
    -- The first payment.
    payment_id  uuid,
    created_at  timestamptz NOT NULL,
    decided_at  timestamptz,
    CONSTRAINT referrals_pk PRIMARY KEY (invited_id),
    CONSTRAINT referrals_invited_fk FOREIGN KEY (invited_id) REFERENCES accounts (id),
    CONSTRAINT referrals_referrer_fk FOREIGN KEY (referrer_id) REFERENCES accounts (id),
    CONSTRAINT referrals_state_known CHECK (state IN ('waiting', 'rewarded', 'refused')),
    CONSTRAINT referrals_why_known CHECK (why IN ('off', 'limit', 'same_person')),
    CONSTRAINT referrals_decided_together CHECK (
        (state = 'waiting') = (decided_at IS NULL)
        AND (state = 'waiting') = (payment_id IS NULL)
        AND (state = 'refused') = (why IS NOT NULL)
    ),
    CONSTRAINT referrals_not_oneself CHECK (invited_id <> referrer_id)
);
-- Whom an account invited, and how many of them were rewarded in a month.
CREATE INDEX referrals_referrer_index ON referrals (referrer_id, decided_at);
