-- The ledger. Every money table leads its key with `shard`, so that the same schema spreads over a cluster.

-- How far demo mode has moved the deployment's clock (`scrip clock advance`); one row or none.
CREATE TABLE clock_offset (
    only_row boolean PRIMARY KEY DEFAULT true,
    offset_micros bigint NOT NULL DEFAULT 0,
    CONSTRAINT clock_offset_one_row CHECK (only_row),
    CONSTRAINT clock_offset_forward CHECK (offset_micros >= 0)
);
