-- Telling people: announced prices and what they mean to each account, upstream costs, outgoing webhooks.

-- An announced book is its own outbox row: it is told until `told_at` says that everybody has been.
ALTER TABLE price_books
    -- When its effect on each account was worked out; again after a change of the announced book.
    ADD COLUMN weighed_at timestamptz,
    -- Which node tells it, since when; one that dies leaves it to another.
    ADD COLUMN telling_at timestamptz,
    ADD COLUMN told_at timestamptz;
-- What was announced before there was anybody to tell it stays as it was.
UPDATE price_books SET weighed_at = announced_at, told_at = announced_at WHERE announced_at IS NOT NULL;
-- What is still to be told; almost always nothing.
CREATE INDEX price_books_untold ON price_books (announced_at) WHERE told_at IS NULL OR weighed_at IS NULL;

-- What an announced version means to an account: its charges of the days before the announcement, rated again.
CREATE TABLE announcement_impacts (
    price_book integer NOT NULL,
    account_id uuid    NOT NULL,
    charges    bigint  NOT NULL,
    cost       bigint  NOT NULL,
    would_cost bigint  NOT NULL,
    -- Charges of operations that go away.
    refused    bigint  NOT NULL,
    -- Whether anything that the account uses goes up or away.
    rises      boolean NOT NULL,
    operations jsonb   NOT NULL,
    CONSTRAINT announcement_impacts_pk PRIMARY KEY (price_book, account_id),
    CONSTRAINT announcement_impacts_book_fk FOREIGN KEY (price_book) REFERENCES price_books (version),
    CONSTRAINT announcement_impacts_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT announcement_impacts_not_negative CHECK (charges >= 0 AND refused >= 0)
);

-- Who was mailed about a version: each person once.
CREATE TABLE announcement_mails (
    price_book integer     NOT NULL,
    user_id    uuid        NOT NULL,
    mailed_at  timestamptz NOT NULL,
    CONSTRAINT announcement_mails_pk PRIMARY KEY (price_book, user_id),
    CONSTRAINT announcement_mails_book_fk FOREIGN KEY (price_book) REFERENCES price_books (version),
    CONSTRAINT announcement_mails_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

-- Who has put a version's banner away.
CREATE TABLE announcement_dismissals (
    price_book   integer     NOT NULL,
    user_id      uuid        NOT NULL,
    dismissed_at timestamptz NOT NULL,
    CONSTRAINT announcement_dismissals_pk PRIMARY KEY (price_book, user_id),
    CONSTRAINT announcement_dismissals_book_fk FOREIGN KEY (price_book) REFERENCES price_books (version),
    CONSTRAINT announcement_dismissals_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

-- What operations cost us, as somebody uploaded it. Rows are only added; the newest of an operation counts.
CREATE TABLE upstream_costs (
    id          uuid        NOT NULL,
    operation   text        NOT NULL,
    -- Millionths of the currency's main unit, for `per` units of the tariff.
    micros      bigint      NOT NULL,
    per         bigint      NOT NULL,
    currency    text        NOT NULL,
    source      text        NOT NULL,
    review_on   date        NOT NULL,
    uploaded_at timestamptz NOT NULL,
    uploaded_by text        NOT NULL,
    CONSTRAINT upstream_costs_pk PRIMARY KEY (id),
    CONSTRAINT upstream_costs_not_negative CHECK (micros >= 0),
    CONSTRAINT upstream_costs_per_positive CHECK (per > 0),
    CONSTRAINT upstream_costs_source_length CHECK (length(source) <= 200)
);
-- The newest cost of each operation, and the history of one.
CREATE INDEX upstream_costs_operation ON upstream_costs (operation, id DESC);

-- Costs whose review is due and about which the admins were mailed: once for each.
CREATE TABLE upstream_reminders (
    cost_id     uuid        NOT NULL,
    reminded_at timestamptz NOT NULL,
    CONSTRAINT upstream_reminders_pk PRIMARY KEY (cost_id),
    CONSTRAINT upstream_reminders_cost_fk FOREIGN KEY (cost_id) REFERENCES upstream_costs (id)
);

-- Where a project's program wants to hear of events.
CREATE TABLE webhook_endpoints (
    id              uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    shard           smallint    NOT NULL,
    wallet_id       bigint      NOT NULL,
    url             text        NOT NULL,
    description     text        NOT NULL,
    events          text[]      NOT NULL,
    -- Signing needs the secret itself, so it can't be hashed; it is shown once.
    secret          text        NOT NULL,
    -- Signs beside the new one until its time is over, so that a rotation loses nothing.
    old_secret      text,
    old_secret_until timestamptz,
    -- The newest ledger row that was told: the ledger itself is the outbox.
    told_seq        bigint      NOT NULL,
    disabled_at     timestamptz,
    disabled_why    text,
    created_at      timestamptz NOT NULL,
    CONSTRAINT webhook_endpoints_pk PRIMARY KEY (id),
    CONSTRAINT webhook_endpoints_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT webhook_endpoints_url_length CHECK (length(url) BETWEEN 8 AND 2000),
    CONSTRAINT webhook_endpoints_description_length CHECK (length(description) <= 100),
    CONSTRAINT webhook_endpoints_events_some CHECK (cardinality(events) > 0),
    CONSTRAINT webhook_endpoints_old_secret CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CONSTRAINT webhook_endpoints_disabled CHECK ((disabled_at IS NULL) = (disabled_why IS NULL))
);
-- The endpoints of a wallet: the settings page, and the relay that follows its ledger.
CREATE INDEX webhook_endpoints_wallet ON webhook_endpoints (shard, wallet_id);

-- Messages to endpoints: the outbox, and the log.
CREATE TABLE webhook_deliveries (
    id          uuid        NOT NULL,
    endpoint_id uuid        NOT NULL,
    event       text        NOT NULL,
    -- What happens once is told once: `entry:17`, `price_change:4`; a replay has a name of its own.
    subject     text        NOT NULL,
    payload     text        NOT NULL,
    state       text        NOT NULL DEFAULT 'queued',
    tries       integer     NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    finished_at timestamptz,
    replay_of   uuid,
    CONSTRAINT webhook_deliveries_pk PRIMARY KEY (id),
    CONSTRAINT webhook_deliveries_endpoint_fk FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id)
        ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, event, subject),
    CONSTRAINT webhook_deliveries_state CHECK (state IN ('queued', 'delivered', 'failed')),
    CONSTRAINT webhook_deliveries_finished CHECK ((state = 'queued') = (finished_at IS NULL)),
    CONSTRAINT webhook_deliveries_tries CHECK (tries >= 0)
);
-- The log of an endpoint, newest first.
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (endpoint_id, id DESC);
-- What the courier takes: the oldest ones of each endpoint.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE state = 'queued';

-- Every try of a delivery. Rows are only added.
CREATE TABLE webhook_attempts (
    delivery_id uuid        NOT NULL,
    number      integer     NOT NULL,
    at          timestamptz NOT NULL,
    millis      integer     NOT NULL,
    status      smallint,
    -- What went wrong, or the beginning of what the endpoint said.
    note        text        NOT NULL,
    CONSTRAINT webhook_attempts_pk PRIMARY KEY (delivery_id, number),
    CONSTRAINT webhook_attempts_delivery_fk FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries (id)
        ON DELETE CASCADE
);
