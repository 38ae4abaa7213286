-- The catalog: what the deployment sells. Settings, price books, plans, packages, add-ons; and locked quotes.

-- One row. `revision` goes up with every change of anything here, so that each node notices by reading one number.
CREATE TABLE catalog (
    only_row boolean PRIMARY KEY DEFAULT true,
    revision bigint NOT NULL DEFAULT 1,
    preset text NOT NULL,
    -- The file that the catalog was filled from, comments and all: an export of an unchanged catalog is this file.
    source text NOT NULL,
    settings jsonb NOT NULL,
    loaded_at timestamptz NOT NULL,
    CONSTRAINT catalog_one_row CHECK (only_row),
    CONSTRAINT catalog_revision_positive CHECK (revision > 0)
);

CREATE TABLE price_books (
    version integer PRIMARY KEY,
    status text NOT NULL,
    -- From when it is in force; a draft has none.
    effective_at timestamptz,
    retired_at timestamptz,
    announced_at timestamptz,
    -- Goes up with every edit of the draft; an edit names the revision that it saw.
    revision bigint NOT NULL DEFAULT 1,
    rounding_step bigint NOT NULL,
    based_on integer REFERENCES price_books (version) ON DELETE SET NULL,
    -- What changed against the book before it, fixed when it was published: the public changelog.
    changes jsonb,
    -- The replay of real charges under this draft, and the revision that was replayed.
    rehearsal jsonb,
    rehearsed_revision bigint,
    created_by jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT price_books_version_positive CHECK (version > 0),
    CONSTRAINT price_books_status CHECK (status IN ('draft', 'scheduled', 'active', 'retired')),
    CONSTRAINT price_books_step_positive CHECK (rounding_step > 0),
    CONSTRAINT price_books_dated CHECK ((status = 'draft') = (effective_at IS NULL))
);

-- Guards: one book in force at a time, and one announced.
CREATE UNIQUE INDEX price_books_one_active ON price_books (status) WHERE status = 'active';
CREATE UNIQUE INDEX price_books_one_scheduled ON price_books (status) WHERE status = 'scheduled';

CREATE TABLE tariffs (
    price_book integer NOT NULL REFERENCES price_books (version) ON DELETE CASCADE,
    operation text NOT NULL,
    position integer NOT NULL,
    name text NOT NULL,
    category text NOT NULL,
    unit text NOT NULL,
    supplier text,
    minimum_plan text,
    gates jsonb NOT NULL DEFAULT '[]',
    upstream_cost jsonb,
    rule jsonb NOT NULL,
    PRIMARY KEY (price_book, operation),
    CONSTRAINT tariffs_operation_named CHECK (operation ~ '^[a-z0-9._-]{1,64}$'),
    CONSTRAINT tariffs_category CHECK (category IN ('text', 'image', 'video', 'music', 'tts', 'stt', 'tool', 'job'))
);

CREATE TABLE plans (
    code text PRIMARY KEY,
    name text NOT NULL,
    rank integer NOT NULL,
    prices jsonb NOT NULL,
    monthly_credits bigint NOT NULL,
    one_time_credits bigint NOT NULL,
    custom boolean NOT NULL,
    features jsonb NOT NULL,
    CONSTRAINT plans_rank_unique UNIQUE (rank),
    CONSTRAINT plans_rank_from_zero CHECK (rank >= 0),
    CONSTRAINT plans_credits_not_negative CHECK (monthly_credits >= 0 AND one_time_credits >= 0)
);

CREATE TABLE packages (
    code text PRIMARY KEY,
    name text NOT NULL,
    credits bigint NOT NULL,
    prices jsonb NOT NULL,
    CONSTRAINT packages_credits_positive CHECK (credits > 0)
);

CREATE TABLE add_ons (
    code text PRIMARY KEY,
    name text NOT NULL,
    monthly_credits bigint NOT NULL,
    summary text,
    position integer NOT NULL,
    CONSTRAINT add_ons_credits_not_negative CHECK (monthly_credits >= 0)
);

CREATE TABLE metered_items (
    code text PRIMARY KEY,
    name text NOT NULL,
    unit text NOT NULL,
    included bigint NOT NULL,
    monthly_credits bigint NOT NULL,
    position integer NOT NULL,
    CONSTRAINT metered_items_not_negative CHECK (included >= 0 AND monthly_credits >= 0)
);

-- Locked quotes: a price with a lifetime, that a charge or hold of the same wallet honours.
CREATE TABLE quotes (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    id uuid NOT NULL,
    quote jsonb NOT NULL,
    plan_gates text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (shard, wallet_id, id),
    CONSTRAINT quotes_live CHECK (expires_at > created_at)
);

-- The sweeper finds the quotes that are over.
CREATE INDEX quotes_expires_at ON quotes (expires_at);
