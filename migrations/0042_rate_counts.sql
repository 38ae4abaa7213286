-- Calls of the running minute by API key, as every node counts them: each writes its own rows once a second and reads the
-- others', so that a key's limit holds across nodes. Not logged: after a crash the minute begins anew.
CREATE UNLOGGED TABLE rate_counts (
    key_id   uuid    NOT NULL,
    is_write boolean NOT NULL,
    -- Minutes since 1970.
    minute   bigint  NOT NULL,
    node     uuid    NOT NULL,
    used     bigint  NOT NULL,
    CONSTRAINT rate_counts_pk PRIMARY KEY (key_id, is_write, minute, node)
);
-- The sweep takes minutes that are over.
CREATE INDEX rate_counts_minute ON rate_counts (minute);
