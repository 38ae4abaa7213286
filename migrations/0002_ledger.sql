-- The ledger. Every money table leads its key with `shard`, so that the same schema spreads over a cluster
-- (all wallets of one account share a shard). There are no foreign keys between these tables: they would cost two
-- fifths of the speed of a hot wallet; the one writer keeps them right and `scrip verify` proves it.
-- Amounts are micro-credits (1 credit = 1 000 000).

CREATE TABLE wallets (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    account_id uuid NOT NULL,
    project_id uuid NOT NULL,
    environment text NOT NULL,
    -- Counts every change of the wallet or of what its decisions rest on: a writer that remembers the wallet writes
    -- only if this has not moved.
    version bigint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0,
    settled bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    debt bigint NOT NULL DEFAULT 0,
    grants_made bigint NOT NULL DEFAULT 0,
    last_refill bigint,
    head_hash bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
    frozen text,
    budgeted boolean NOT NULL DEFAULT false,
    last_at timestamptz NOT NULL,
    active_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT wallets_pkey PRIMARY KEY (shard, wallet_id),
    CONSTRAINT wallets_shard CHECK (shard BETWEEN 0 AND 255),
    CONSTRAINT wallets_number CHECK (wallet_id > 0),
    CONSTRAINT wallets_environment CHECK (environment IN ('production', 'preview')),
    CONSTRAINT wallets_held CHECK (held >= 0),
    CONSTRAINT wallets_debt CHECK (debt >= 0),
    -- Only a debt drives what is available below zero.
    CONSTRAINT wallets_available CHECK (settled - held >= 0 OR debt > 0),
    CONSTRAINT wallets_head_hash CHECK (octet_length(head_hash) = 32)
) WITH (fillfactor = 90);

-- One wallet for each environment of a project; also finds a project's wallets.
CREATE UNIQUE INDEX wallets_project ON wallets (shard, project_id, environment);

CREATE TABLE grants (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    grant_id bigint NOT NULL,
    seq bigint NOT NULL,
    -- allowance 1, one_time 2, promo 3, top_up 4, adjustment 5, transfer 6
    source smallint NOT NULL,
    label text NOT NULL,
    granted bigint NOT NULL,
    remaining bigint NOT NULL,
    held bigint NOT NULL DEFAULT 0,
    clawed bigint NOT NULL DEFAULT 0,
    priority smallint NOT NULL,
    effective_at timestamptz NOT NULL,
    expires_at timestamptz,
    cost_minor bigint,
    cost_currency text,
    reference text,
    open boolean NOT NULL,
    CONSTRAINT grants_pkey PRIMARY KEY (shard, wallet_id, grant_id),
    CONSTRAINT grants_source CHECK (source BETWEEN 1 AND 6),
    CONSTRAINT grants_granted CHECK (granted > 0),
    CONSTRAINT grants_remaining CHECK (remaining >= 0),
    CONSTRAINT grants_held CHECK (held >= 0),
    CONSTRAINT grants_within CHECK (remaining + held <= granted),
    CONSTRAINT grants_clawed CHECK (clawed BETWEEN 0 AND granted),
    CONSTRAINT grants_cost CHECK ((cost_minor IS NULL) = (cost_currency IS NULL)),
    CONSTRAINT grants_open CHECK (open = (remaining > 0 OR held > 0))
) WITH (fillfactor = 90);

-- The open grants of a wallet, in burn order. Never name `remaining` or `held` in an index, nor in its predicate:
-- every debit would then write the index too.
CREATE INDEX grants_burn_order ON grants (shard, wallet_id, priority, expires_at) WHERE open;
-- What the expiry sweep looks for.
CREATE INDEX grants_expiring ON grants (shard, expires_at) WHERE open AND expires_at IS NOT NULL;
-- Finds the grant of a payment or period.
CREATE INDEX grants_reference ON grants (shard, wallet_id, reference) WHERE reference IS NOT NULL;

CREATE TABLE entries (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    seq bigint NOT NULL,
    -- grant 1, charge 2, hold 3, capture 4, release 5, hold_expired 6, grant_expired 7, credit_back 8, clawback 9,
    -- add_on 10, metered 11, webhook_fee 12, adjustment 13, transfer_out 14, transfer_in 15
    kind smallint NOT NULL,
    -- user 1, key 2, staff 3, system 4
    actor_kind smallint NOT NULL,
    amount bigint NOT NULL,
    held_change bigint NOT NULL,
    settled_after bigint NOT NULL,
    held_after bigint NOT NULL,
    quantity bigint NOT NULL,
    -- The grant of a row that touches one only; rows with more have all their shares in `allocations`.
    grant_id bigint,
    refers_to bigint,
    counterpart bigint,
    created_at timestamptz NOT NULL,
    actor_id uuid,
    actor_name text NOT NULL,
    operation text,
    title text,
    category text,
    -- Text, not jsonb: parsing it would cost a sixth of the speed, and only readers look inside.
    metadata text,
    detail text,
    idem_key text NOT NULL,
    request_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT entries_pkey PRIMARY KEY (shard, wallet_id, seq),
    -- A command happens once: the key lives beside what it did, for ever.
    CONSTRAINT entries_idem_key UNIQUE (shard, wallet_id, idem_key),
    CONSTRAINT entries_seq CHECK (seq > 0),
    CONSTRAINT entries_kind CHECK (kind BETWEEN 1 AND 15),
    CONSTRAINT entries_actor_kind CHECK (actor_kind BETWEEN 1 AND 4),
    CONSTRAINT entries_held CHECK (held_after >= 0)
);

-- The story of a hold or charge: its captures, releases and credit-backs.
CREATE INDEX entries_refers_to ON entries (shard, wallet_id, refers_to) WHERE refers_to IS NOT NULL;

-- The shares of rows that touch several grants. Grant 0 is the wallet's debt.
CREATE TABLE allocations (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    seq bigint NOT NULL,
    place smallint NOT NULL,
    grant_id bigint NOT NULL,
    amount bigint NOT NULL,
    held_change bigint NOT NULL,
    CONSTRAINT allocations_pkey PRIMARY KEY (shard, wallet_id, seq, place),
    CONSTRAINT allocations_once UNIQUE (shard, wallet_id, seq, grant_id)
);

-- Every share of every row, wherever it is kept.
CREATE VIEW shares AS
SELECT shard, wallet_id, seq, grant_id, amount, held_change
FROM entries
WHERE grant_id IS NOT NULL
UNION ALL
SELECT shard, wallet_id, seq, grant_id, amount, held_change
FROM allocations;

CREATE TABLE holds (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    seq bigint NOT NULL,
    -- open 1, captured 2, released 3, expired 4
    state smallint NOT NULL,
    amount bigint NOT NULL,
    captured bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    lines text NOT NULL,
    pin_grants bigint[] NOT NULL,
    pin_amounts bigint[] NOT NULL,
    actor_key uuid,
    customer text,
    finished_by bigint,
    CONSTRAINT holds_pkey PRIMARY KEY (shard, wallet_id, seq),
    CONSTRAINT holds_state CHECK (state BETWEEN 1 AND 4),
    CONSTRAINT holds_amount CHECK (amount >= 0),
    CONSTRAINT holds_captured CHECK (captured BETWEEN 0 AND amount),
    CONSTRAINT holds_finished CHECK ((state = 1) = (finished_by IS NULL)),
    CONSTRAINT holds_pins CHECK (cardinality(pin_grants) = cardinality(pin_amounts))
) WITH (fillfactor = 90);

-- The open holds: what the expiry sweep looks for.
CREATE INDEX holds_expiring ON holds (shard, expires_at) WHERE state = 1;
-- The open holds of a wallet.
CREATE INDEX holds_open ON holds (shard, wallet_id, seq) WHERE state = 1;

-- Ceilings. A row without a wallet concerns all wallets of its project.
CREATE TABLE budgets (
    shard smallint NOT NULL,
    budget_id uuid NOT NULL,
    project_id uuid NOT NULL,
    wallet_id bigint,
    name text NOT NULL,
    -- project, environment, key, customer
    scope text NOT NULL,
    subject text,
    -- day 1, week 2, month 3
    period smallint NOT NULL,
    ceiling bigint NOT NULL,
    window_start timestamptz NOT NULL,
    spent bigint NOT NULL DEFAULT 0,
    CONSTRAINT budgets_pkey PRIMARY KEY (shard, budget_id),
    CONSTRAINT budgets_scope CHECK (scope IN ('project', 'environment', 'key', 'customer')),
    CONSTRAINT budgets_subject CHECK ((scope IN ('key', 'customer')) = (subject IS NOT NULL)),
    CONSTRAINT budgets_wallet CHECK ((scope = 'project') = (wallet_id IS NULL)),
    CONSTRAINT budgets_period CHECK (period BETWEEN 1 AND 3),
    CONSTRAINT budgets_ceiling CHECK (ceiling >= 0),
    CONSTRAINT budgets_spent CHECK (spent >= 0)
) WITH (fillfactor = 90);

-- The ceilings of a project; a key or customer has one for each period.
CREATE UNIQUE INDEX budgets_once
    ON budgets (shard, project_id, scope, coalesce(wallet_id, 0), coalesce(subject, ''), period);

-- The signed heads of the chains. Kept here for the comparison, and apart from here for the proof.
CREATE TABLE signed_heads (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT signed_heads_pkey PRIMARY KEY (shard, wallet_id, seq)
);

-- How far demo mode has moved the deployment's clock (`scrip clock advance`); one row or none.
CREATE TABLE clock_offset (
    only_row boolean PRIMARY KEY DEFAULT true,
    offset_micros bigint NOT NULL DEFAULT 0,
    CONSTRAINT clock_offset_one_row CHECK (only_row),
    CONSTRAINT clock_offset_forward CHECK (offset_micros >= 0)
);

-- Fails a whole statement that did not find everything as its writer remembered it.
CREATE FUNCTION ledger_require(holds boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
BEGIN
    IF NOT holds THEN
        RAISE EXCEPTION 'the wallet has moved' USING ERRCODE = '40001';
    END IF;
    RETURN true;
END
$$;

-- History is append-only: a mistake is mended by a new entry. The trigger costs inserts nothing.
CREATE FUNCTION ledger_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER allocations_append_only BEFORE UPDATE OR DELETE ON allocations
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
