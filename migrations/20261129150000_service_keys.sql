-- The platform's own keys: they belong to the deployment and to no account. Like API keys only their hash is stored.
-- They are few and always read all at once, so the primary key and the unique name are all the indexes there are.
CREATE TABLE service_keys (
    id uuid NOT NULL,
    -- Rows of the ledger name the key that made them: a name is never given twice, also after the key was revoked.
    name text COLLATE "C" NOT NULL,
    key_hash bytea NOT NULL,
    hint text NOT NULL,
    scopes text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT service_keys_pk PRIMARY KEY (id),
    CONSTRAINT service_keys_name UNIQUE (name),
    -- No space: in the ledger's rows a customer's key is named behind it.
    CONSTRAINT service_keys_name_is_plain CHECK (name ~ '^[A-Za-z0-9._-]{1,40}$'),
    CONSTRAINT service_keys_hash CHECK (octet_length(key_hash) = 32),
    CONSTRAINT service_keys_scopes CHECK (cardinality(scopes) BETWEEN 1 AND 16)
);

-- Two more kinds of actors write rows: 5 is a service key for a wallet that it named, 6 one on behalf of a customer's key.
ALTER TABLE entries
    DROP CONSTRAINT entries_sound,
    ADD CONSTRAINT entries_sound
        CHECK (seq > 0 AND kind BETWEEN 1 AND 15 AND actor_kind BETWEEN 1 AND 6 AND held_after >= 0
            AND (kind = 3) = (expires_at IS NOT NULL));
