-- Secrets that signed an endpoint's messages before a rotation. Each signs on until its time is over, so that two rotations
-- within a day cut nobody off; and each rotation is known by its key, so that a repeated request rotates once.
CREATE TABLE webhook_rotations (
    endpoint_id uuid        NOT NULL,
    -- The request that rotated.
    key         text        NOT NULL,
    old_secret  text        NOT NULL,
    signs_until timestamptz NOT NULL,
    CONSTRAINT webhook_rotations_pk PRIMARY KEY (endpoint_id, key),
    CONSTRAINT webhook_rotations_endpoint_fk FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id)
        ON DELETE CASCADE,
    CONSTRAINT webhook_rotations_key_length CHECK (length(key) BETWEEN 1 AND 300)
);
-- The sweep takes what is long past.
CREATE INDEX webhook_rotations_until ON webhook_rotations (signs_until);

-- What was kept beside the endpoint goes on signing; those columns are not read any more.
INSERT INTO webhook_rotations (endpoint_id, key, old_secret, signs_until)
SELECT id, '§before', old_secret, old_secret_until
FROM webhook_endpoints
WHERE old_secret IS NOT NULL;
