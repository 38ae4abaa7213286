-- Saved methods, the customers that providers keep them for, the pages where one is added, and what a payment says of
-- how it is paid.

SET LOCAL lock_timeout = '5s';

-- The name under which a provider knows an account.
CREATE TABLE provider_customers (
    account_id uuid        NOT NULL,
    provider   text        NOT NULL,
    reference  text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT provider_customers_pk PRIMARY KEY (account_id, provider),
    CONSTRAINT provider_customers_reference_unique UNIQUE (provider, reference),
    CONSTRAINT provider_customers_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
);

-- Ways to pay that were saved, and to what their owner agreed. Rows are only ended (`removed_at`), never deleted.
CREATE TABLE payment_methods (
    id           uuid        NOT NULL,
    account_id   uuid        NOT NULL,
    provider     text        NOT NULL,
    -- The provider's name of it; empty until its page was finished.
    reference    text,
    kind         text        NOT NULL,
    brand        text,
    last4        text,
    -- The last month in which it can be charged.
    expires_year  smallint,
    expires_month smallint,
    label        text        NOT NULL DEFAULT '',
    is_default   boolean     NOT NULL DEFAULT false,
    -- `setup`: its page is open; `active`; `removed`: by its owner, or since the provider said that it is of no use.
    state        text        NOT NULL,
    -- Why it was removed, or why nothing was saved, as a code.
    reason       text,
    -- The page where it is added, and the caller's key for it.
    setup_ref    text,
    setup_url    text,
    setup_key    text,
    setup_until  timestamptz,
    return_base  text,
    -- Who agreed to it being saved, when, and to which text.
    user_id      uuid,
    consent      text        NOT NULL,
    -- When its owner was last told that it expires.
    expiry_told_at timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    removed_at   timestamptz,
    CONSTRAINT payment_methods_pk PRIMARY KEY (id),
    CONSTRAINT payment_methods_reference_unique UNIQUE (provider, reference),
    CONSTRAINT payment_methods_key_unique UNIQUE (account_id, setup_key),
    CONSTRAINT payment_methods_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT payment_methods_state_known CHECK (state IN ('setup', 'active', 'removed')),
    CONSTRAINT payment_methods_active_has_reference CHECK (state <> 'active' OR reference IS NOT NULL),
    CONSTRAINT payment_methods_removed_has_time CHECK ((state = 'removed') = (removed_at IS NOT NULL)),
    CONSTRAINT payment_methods_default_is_active CHECK (NOT is_default OR state = 'active'),
    CONSTRAINT payment_methods_expiry_together CHECK (num_nulls(expires_year, expires_month) IN (0, 2)),
    CONSTRAINT payment_methods_expiry_month CHECK (expires_month BETWEEN 1 AND 12)
);
-- An account's methods, and one of them first.
CREATE INDEX payment_methods_account_index ON payment_methods (account_id) WHERE state = 'active';
CREATE UNIQUE INDEX payment_methods_one_default ON payment_methods (account_id) WHERE is_default;
-- The job that warns looks for cards that expire.
CREATE INDEX payment_methods_expiry_index ON payment_methods (expires_year, expires_month) WHERE state = 'active';
-- The reconciler takes open pages.
CREATE INDEX payment_methods_setup_index ON payment_methods (setup_until) WHERE state = 'setup';

-- Cards that plans were charged with before there was a list of them.
INSERT INTO payment_methods (id, account_id, provider, reference, kind, label, is_default, state, consent, created_at,
                             updated_at)
SELECT gen_random_uuid(), account_id, provider, method_ref, 'card', method_label, true, 'active', 'renewal-2', updated_at,
       updated_at
FROM (
    SELECT DISTINCT ON (provider, method_ref) account_id, provider, method_ref, method_label, updated_at
    FROM subscriptions
    WHERE method_ref IS NOT NULL
    ORDER BY provider, method_ref, updated_at DESC
) AS known;

ALTER TABLE payments
    -- The way to pay that the buyer chose on our page: a kind of method, or a saved one.
    ADD COLUMN kind         text,
    ADD COLUMN method_id    uuid,
    -- The instrument that paid, for people.
    ADD COLUMN method_label text,
    -- Whether it is saved when it has paid: its owner has agreed.
    ADD COLUMN save_method  boolean NOT NULL DEFAULT false,
    -- The tax that the provider added.
    ADD COLUMN tax_minor    bigint  NOT NULL DEFAULT 0,
    ADD CONSTRAINT payments_tax_not_negative CHECK (tax_minor >= 0);

ALTER TABLE subscriptions
    -- Only its owner can pay what is owed: the bank asks for them, or the card is of no use any more. The card is not
    -- charged by itself until then.
    ADD COLUMN awaits_owner boolean NOT NULL DEFAULT false;

-- What a message is about: what is asked of the provider because of it.
ALTER TABLE provider_events
    ADD COLUMN about text NOT NULL DEFAULT 'payment';
