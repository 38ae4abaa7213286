-- When the owner of a wallet that nobody has used for long was asked whether it is still wanted; asked once for each
-- wait. No index: `active_at` moves with every charge, and an index on it would be written then.
ALTER TABLE wallets ADD COLUMN asked_at timestamptz;

-- Archives: rows of a wallet's ledger that were moved to a file. A record here is what lets rows leave the table; it,
-- and what decisions and proofs still need of them, is written in the very transaction that removes them.
CREATE TABLE archives (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    -- The last row of the file.
    to_seq bigint NOT NULL,
    from_seq bigint NOT NULL,
    -- The hash of the row before the first one, and of the last one.
    previous_hash bytea NOT NULL,
    last_hash bytea NOT NULL,
    settled_after bigint NOT NULL,
    held_after bigint NOT NULL,
    last_at timestamptz NOT NULL,
    file text NOT NULL,
    sha256 bytea NOT NULL,
    bytes bigint NOT NULL,
    archived_at timestamptz NOT NULL,
    CONSTRAINT archives_pkey PRIMARY KEY (shard, wallet_id, to_seq),
    CONSTRAINT archives_span CHECK (0 < from_seq AND from_seq <= to_seq),
    CONSTRAINT archives_hashes CHECK (
        octet_length(previous_hash) = 32 AND octet_length(last_hash) = 32 AND octet_length(sha256) = 32
    )
);

-- The newest archive of each wallet: where its rows in the table go on from.
CREATE VIEW archived AS
SELECT DISTINCT ON (shard, wallet_id) shard, wallet_id, to_seq, last_hash, settled_after, held_after, last_at
FROM archives
ORDER BY shard, wallet_id, to_seq DESC;

-- What keys of archived rows did: a repeat answers as the first did, for ever.
CREATE TABLE archived_keys (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    idem_key text NOT NULL,
    seq bigint NOT NULL,
    request_hash bytea NOT NULL,
    -- The row as people see it, as JSON.
    answer text NOT NULL,
    CONSTRAINT archived_keys_pkey PRIMARY KEY (shard, wallet_id, idem_key)
);

-- What archived rows changed in each grant (0: the debt), summed up to the row `seq`, the newest archived one.
CREATE TABLE archived_shares (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    grant_id bigint NOT NULL,
    seq bigint NOT NULL,
    amount bigint NOT NULL,
    held_change bigint NOT NULL,
    CONSTRAINT archived_shares_pkey PRIMARY KEY (shard, wallet_id, grant_id)
);

-- What archived rows moved, by kind: for the books.
CREATE TABLE archived_sums (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    kind smallint NOT NULL,
    rows bigint NOT NULL,
    added bigint NOT NULL,
    taken bigint NOT NULL,
    CONSTRAINT archived_sums_pkey PRIMARY KEY (shard, wallet_id, kind)
);

-- Up to which row a wallet is archived; the newest row never is.
ALTER TABLE wallets
    ADD COLUMN archived_seq bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT wallets_archived CHECK (archived_seq = 0 OR (archived_seq > 0 AND archived_seq < seq));

-- Every share of every row, wherever it is kept; archived ones as one sum for each grant, at the newest archived row.
CREATE OR REPLACE VIEW shares AS
SELECT shard, wallet_id, seq, grant_id, amount, held_change
FROM entries
WHERE grant_id IS NOT NULL
UNION ALL
SELECT shard, wallet_id, seq, grant_id, amount, held_change
FROM allocations
UNION ALL
SELECT shard, wallet_id, seq, grant_id, amount, held_change
FROM archived_shares;

-- History is append-only. A row leaves the table only when a record says in which file it is now.
CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('entries', 'allocations') THEN
        IF EXISTS (
            SELECT FROM archives AS a
            WHERE a.shard = OLD.shard AND a.wallet_id = OLD.wallet_id AND a.to_seq >= OLD.seq AND a.from_seq <= OLD.seq
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER archives_append_only BEFORE UPDATE OR DELETE ON archives
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER archived_keys_append_only BEFORE UPDATE OR DELETE ON archived_keys
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
