-- Machines from which a person has signed in with the right password. From there the password is never refused for what
-- others have tried elsewhere. Not a session: the cookie opens nothing. Keyed by its SHA-256, and bound to the person.
CREATE TABLE known_devices (
    token_hash   bytea       NOT NULL,
    user_id      uuid        NOT NULL,
    -- Wrong passwords from it since the last right one.
    failures     integer     NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT known_devices_pk PRIMARY KEY (token_hash, user_id),
    CONSTRAINT known_devices_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT known_devices_hash_length CHECK (length(token_hash) = 32),
    CONSTRAINT known_devices_failures_counted CHECK (failures >= 0)
);
-- A new password forgets all machines of a person.
CREATE INDEX known_devices_user_index ON known_devices (user_id);
-- The sweep takes those that were not used for long.
CREATE INDEX known_devices_last_index ON known_devices (last_used_at);

-- What a person sees of a session. `id` names it on the page; the cookie's hash stays inside.
ALTER TABLE sessions
    ADD COLUMN id           uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN user_agent   text,
    ADD COLUMN address      text,
    ADD COLUMN last_used_at timestamptz;

-- Whose address is not proven may be anybody: what acts or hears for such an account ends, and is made anew after the proof.
CREATE TEMPORARY TABLE unproven ON COMMIT DROP AS
SELECT members.account_id
FROM members
JOIN users ON users.id = members.user_id
WHERE members.role = 'owner'
  AND users.verified_at IS NULL;
UPDATE api_keys
SET revoked_at = now()
WHERE revoked_at IS NULL
  AND account_id IN (SELECT account_id FROM unproven);
UPDATE webhook_endpoints
SET disabled_at = now(),
    disabled_why = 'The address of the account''s owner is not confirmed yet.'
WHERE disabled_at IS NULL
  AND account_id IN (SELECT account_id FROM unproven);

-- The audit log's chain: each row has a number without a gap and the hash of everything before it, so a row that was
-- changed, removed or slipped in is noticed. A row is linked when its transaction commits: whoever writes one waits for
-- others only then, holds no other lock afterwards, and so never stands in a circle of locks.
CREATE TABLE audit_chain (
    number   bigint NOT NULL,
    audit_id uuid   NOT NULL,
    hash     bytea  NOT NULL,
    CONSTRAINT audit_chain_pk PRIMARY KEY (number),
    CONSTRAINT audit_chain_row_unique UNIQUE (audit_id),
    CONSTRAINT audit_chain_hash_length CHECK (length(hash) = 32)
);
CREATE TABLE audit_head (
    only_row boolean NOT NULL DEFAULT true,
    number   bigint  NOT NULL,
    hash     bytea   NOT NULL,
    CONSTRAINT audit_head_pk PRIMARY KEY (only_row),
    CONSTRAINT audit_head_one_row CHECK (only_row),
    CONSTRAINT audit_head_hash_length CHECK (length(hash) = 32)
);
INSERT INTO audit_head (number, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_hash(previous bytea, told audit_log) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(previous || convert_to(jsonb_build_array(
        told.id, (extract(epoch FROM told.at) * 1000000)::bigint, told.actor, told.action, told.subject, told.before,
        told.after)::text, 'UTF8'))
$$;

CREATE FUNCTION audit_link() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    head audit_head;
    link bytea;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    link := audit_hash(head.hash, NEW);
    INSERT INTO audit_chain (number, audit_id, hash) VALUES (head.number + 1, NEW.id, link);
    UPDATE audit_head SET number = head.number + 1, hash = link;
    RETURN NULL;
END
$$;

-- The rows that are there already, in their order.
DO $$
DECLARE
    told audit_log;
    head audit_head;
BEGIN
    SELECT * INTO STRICT head FROM audit_head;
    FOR told IN SELECT * FROM audit_log ORDER BY id LOOP
        head.hash := audit_hash(head.hash, told);
        head.number := head.number + 1;
        INSERT INTO audit_chain (number, audit_id, hash) VALUES (head.number, told.id, head.hash);
    END LOOP;
    UPDATE audit_head SET number = head.number, hash = head.hash;
END
$$;

CREATE CONSTRAINT TRIGGER audit_log_linked AFTER INSERT ON audit_log
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_link();

CREATE FUNCTION audit_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_log_not_truncated BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_chain_not_truncated BEFORE TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- What happened to a person's sign-in, on the page where that person looks for it.
CREATE INDEX audit_log_subject_index ON audit_log (subject, id);
