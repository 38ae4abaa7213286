-- People, accounts, projects, their wallets' names, API keys, sessions and the audit log.

CREATE TABLE users (
    id            uuid        NOT NULL,
    -- As typed; mail goes there.
    email         text        NOT NULL,
    -- Lower case; one address, one user.
    email_key     text        NOT NULL,
    name          text        NOT NULL,
    password_hash text        NOT NULL,
    verified_at   timestamptz,
    staff         text,
    locale        text        NOT NULL DEFAULT 'en',
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pk PRIMARY KEY (id),
    CONSTRAINT users_email_key_unique UNIQUE (email_key),
    CONSTRAINT users_email_length CHECK (length(email) BETWEEN 3 AND 254),
    CONSTRAINT users_email_key_lower CHECK (email_key = lower(email)),
    CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT users_staff_known CHECK (staff IN ('admin', 'support', 'finance')),
    CONSTRAINT users_locale_known CHECK (locale IN ('en', 'ru'))
);

-- Browsers' sessions. Keyed by the SHA-256 of the cookie's token: a copy of this table opens no session.
CREATE TABLE sessions (
    id_hash    bytea       NOT NULL,
    user_id    uuid,
    data       jsonb       NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sessions_pk PRIMARY KEY (id_hash),
    CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_id_hash_length CHECK (length(id_hash) = 32)
);
-- "Sign out everywhere" deletes by person.
CREATE INDEX sessions_user_index ON sessions (user_id) WHERE user_id IS NOT NULL;
-- The sweep takes the expired ones.
CREATE INDEX sessions_expires_index ON sessions (expires_at);

-- Links that work once: proving an address, setting a new password.
CREATE TABLE one_time_tokens (
    token_hash bytea       NOT NULL,
    user_id    uuid        NOT NULL,
    purpose    text        NOT NULL,
    -- The address that the link proves; a later address isn't proven by it.
    email_key  text        NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_time_tokens_pk PRIMARY KEY (token_hash),
    CONSTRAINT one_time_tokens_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT one_time_tokens_purpose_known CHECK (purpose IN ('verify_email', 'reset_password')),
    CONSTRAINT one_time_tokens_hash_length CHECK (length(token_hash) = 32)
);
-- A new link counts and retires the older ones of the same person and purpose.
CREATE INDEX one_time_tokens_user_index ON one_time_tokens (user_id, purpose, created_at);

-- Failures of signing in, by address, by peer and by both. A wait, never a lock.
CREATE TABLE sign_in_throttle (
    subject        bytea       NOT NULL,
    failures       integer     NOT NULL,
    last_failed_at timestamptz NOT NULL,
    blocked_until  timestamptz NOT NULL,
    CONSTRAINT sign_in_throttle_pk PRIMARY KEY (subject),
    CONSTRAINT sign_in_throttle_failures_positive CHECK (failures > 0)
);
-- The sweep takes what is long past.
CREATE INDEX sign_in_throttle_last_index ON sign_in_throttle (last_failed_at);

-- Who pays.
CREATE TABLE accounts (
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    kind       text        NOT NULL DEFAULT 'personal',
    -- The agency that pays for this client account.
    agency_id  uuid,
    time_zone  text        NOT NULL DEFAULT 'UTC',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_pk PRIMARY KEY (id),
    CONSTRAINT accounts_agency_fk FOREIGN KEY (agency_id) REFERENCES accounts (id),
    CONSTRAINT accounts_name_length CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT accounts_kind_known CHECK (kind IN ('personal', 'team', 'agency', 'client')),
    CONSTRAINT accounts_client_has_agency CHECK (kind = 'client' OR agency_id IS NULL)
);

CREATE TABLE members (
    account_id uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    role       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT members_pk PRIMARY KEY (account_id, user_id),
    CONSTRAINT members_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT members_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT members_role_known CHECK (role IN ('owner', 'admin', 'developer', 'viewer'))
);
-- A person's accounts, when the person signs in.
CREATE INDEX members_user_index ON members (user_id, created_at);
-- An account has one owner.
CREATE UNIQUE INDEX members_owner_unique ON members (account_id) WHERE role = 'owner';

CREATE TABLE projects (
    id         uuid        NOT NULL,
    account_id uuid        NOT NULL,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT projects_pk PRIMARY KEY (id),
    CONSTRAINT projects_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT projects_name_length CHECK (length(name) BETWEEN 1 AND 100)
);
-- An account's projects, oldest first.
CREATE INDEX projects_account_index ON projects (account_id, created_at);

-- Which wallet a project environment spends from. The money itself is in the ledger's tables, which may live on
-- other shards: hence no foreign key to them.
CREATE TABLE wallet_directory (
    project_id  uuid        NOT NULL,
    environment text        NOT NULL,
    account_id  uuid        NOT NULL,
    shard       smallint    NOT NULL,
    wallet_id   bigint      NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT wallet_directory_pk PRIMARY KEY (project_id, environment),
    CONSTRAINT wallet_directory_project_fk FOREIGN KEY (project_id) REFERENCES projects (id),
    CONSTRAINT wallet_directory_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT wallet_directory_wallet_unique UNIQUE (shard, wallet_id),
    CONSTRAINT wallet_directory_environment_known CHECK (environment IN ('production', 'preview')),
    CONSTRAINT wallet_directory_shard_range CHECK (shard BETWEEN 0 AND 255)
);
-- All wallets of an account.
CREATE INDEX wallet_directory_account_index ON wallet_directory (account_id);

CREATE TABLE api_keys (
    id             uuid        NOT NULL,
    account_id     uuid        NOT NULL,
    project_id     uuid        NOT NULL,
    environment    text        NOT NULL,
    name           text        NOT NULL,
    -- SHA-256 of the whole key; the key itself is shown once and kept nowhere.
    key_hash       bytea       NOT NULL,
    hint           text        NOT NULL,
    scopes         text[]      NOT NULL DEFAULT '{}',
    -- Micro-credits in a calendar month.
    ceiling        bigint,
    created_by     uuid        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    CONSTRAINT api_keys_pk PRIMARY KEY (id),
    CONSTRAINT api_keys_hash_unique UNIQUE (key_hash),
    CONSTRAINT api_keys_wallet_fk FOREIGN KEY (project_id, environment)
        REFERENCES wallet_directory (project_id, environment),
    CONSTRAINT api_keys_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT api_keys_hash_length CHECK (length(key_hash) = 32),
    CONSTRAINT api_keys_name_length CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_keys_ceiling_positive CHECK (ceiling > 0)
);
-- The keys page.
CREATE INDEX api_keys_account_index ON api_keys (account_id, created_at);
-- Every node asks twice a second which keys were revoked lately.
CREATE INDEX api_keys_revoked_index ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;

-- Who did what to what and when. Rows are only added.
CREATE TABLE audit_log (
    id      uuid        NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   jsonb       NOT NULL,
    action  text        NOT NULL,
    subject text        NOT NULL,
    before  jsonb       NOT NULL DEFAULT 'null',
    after   jsonb       NOT NULL DEFAULT 'null',
    CONSTRAINT audit_log_pk PRIMARY KEY (id),
    CONSTRAINT audit_log_action_form CHECK (action ~ '^[a-z_]+\.[a-z_]+$')
);

-- What a person gets once, whatever number of accounts they open. The address is hashed: the row outlives it.
CREATE TABLE one_time_offers (
    person_hash bytea       NOT NULL,
    plan        text        NOT NULL,
    account_id  uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_time_offers_pk PRIMARY KEY (person_hash, plan),
    CONSTRAINT one_time_offers_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT one_time_offers_hash_length CHECK (length(person_hash) = 32)
);
