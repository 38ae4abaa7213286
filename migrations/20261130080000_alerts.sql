-- What owners are told of their credits: own thresholds, which mails they want, and what they were told already.

SET LOCAL lock_timeout = '5s';

-- An owner's choice about an optional mail, where it is another one than the topic's default. Mails that the law or
-- safety demands have no topic.
CREATE TABLE mail_choices (
    account_id uuid        NOT NULL,
    topic      text        NOT NULL,
    is_wanted  boolean     NOT NULL,
    chosen_at  timestamptz NOT NULL,
    CONSTRAINT mail_choices_pk PRIMARY KEY (account_id, topic),
    CONSTRAINT mail_choices_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
);

-- What signs the links by which optional mails are switched off without a sign-in: 244 random bits.
CREATE TABLE unsubscribe_key (
    only_row boolean NOT NULL DEFAULT true,
    secret   bytea   NOT NULL,
    CONSTRAINT unsubscribe_key_pk PRIMARY KEY (only_row),
    CONSTRAINT unsubscribe_key_one CHECK (only_row),
    CONSTRAINT unsubscribe_key_length CHECK (octet_length(secret) = 32)
);
INSERT INTO unsubscribe_key (secret)
VALUES (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- A wallet's own threshold, and up to which row its owner was told.
CREATE TABLE wallet_alerts (
    shard       smallint NOT NULL,
    wallet_id   bigint   NOT NULL,
    -- Below this the owner is told, beside the catalog's percentage.
    low_below   bigint,
    looked_seq  bigint   NOT NULL DEFAULT 0,
    -- When it was last worked out until when its credits last.
    forecast_at timestamptz,
    CONSTRAINT wallet_alerts_pk PRIMARY KEY (shard, wallet_id),
    CONSTRAINT wallet_alerts_low_below CHECK (low_below > 0)
);
-- What happened before is not told afterwards; a wallet that is low is told so with its next row.
INSERT INTO wallet_alerts (shard, wallet_id, looked_seq)
SELECT shard, wallet_id, seq FROM wallets WHERE environment = 'production' AND seq > 0;

-- Lines that a wallet's credits are below, or were.
CREATE TABLE wallet_lines (
    shard       smallint    NOT NULL,
    wallet_id   bigint      NOT NULL,
    line        text        NOT NULL,
    -- Since when it is below; empty once it is back above.
    below_since timestamptz,
    -- When its owner was last told, and how many grants the wallet had had by then.
    told_at     timestamptz NOT NULL,
    told_grants bigint      NOT NULL,
    CONSTRAINT wallet_lines_pk PRIMARY KEY (shard, wallet_id, line),
    CONSTRAINT wallet_lines_known CHECK (line IN ('low', 'own', 'empty', 'runs_out'))
);

-- Of which credits it was told that they expire, and how many days ahead.
CREATE TABLE grant_warnings (
    shard     smallint    NOT NULL,
    wallet_id bigint      NOT NULL,
    grant_id  bigint      NOT NULL,
    days      smallint    NOT NULL,
    told_at   timestamptz NOT NULL,
    CONSTRAINT grant_warnings_pk PRIMARY KEY (shard, wallet_id, grant_id, days),
    CONSTRAINT grant_warnings_days CHECK (days IN (1, 7, 30))
);

-- Whether an endpoint is sent one line of text, as Slack takes it; and when its owner was told that it fails.
ALTER TABLE webhook_endpoints
    ADD COLUMN is_slack boolean NOT NULL DEFAULT false,
    ADD COLUMN failing_told_at timestamptz;

-- Streams of events tell a wallet's payments as they change.
CREATE INDEX payments_changed_index ON payments (shard, wallet_id, updated_at);
