-- Writes that leave no row in the ledger (ceilings, webhook endpoints) answer a repeat of their key as the first time.
CREATE TABLE answered_calls (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    idem_key text NOT NULL,
    request_hash bytea NOT NULL,
    -- The body of the answer; empty where there was none.
    answer text NOT NULL,
    created_at timestamptz NOT NULL,
    -- Also lets a repeat wait for the first.
    CONSTRAINT answered_calls_pk PRIMARY KEY (shard, wallet_id, idem_key),
    CONSTRAINT answered_calls_shard_range CHECK (shard BETWEEN 0 AND 255),
    CONSTRAINT answered_calls_hash_length CHECK (octet_length(request_hash) = 16)
);
