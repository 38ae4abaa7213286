-- PostgreSQL reads the text of every CHECK of a table anew for each statement that writes to it: twenty-one of them
-- were a quarter of what a batch of one charge cost. What a batch of charges writes stays a CHECK, one for each table.
-- What is only said when a wallet or grant is made, or changes rarely, is checked by a trigger of those columns, which
-- such a batch does not wake.

ALTER TABLE wallets
    DROP CONSTRAINT wallets_shard,
    DROP CONSTRAINT wallets_number,
    DROP CONSTRAINT wallets_environment,
    DROP CONSTRAINT wallets_held,
    DROP CONSTRAINT wallets_debt,
    DROP CONSTRAINT wallets_available,
    DROP CONSTRAINT wallets_head_hash,
    DROP CONSTRAINT wallets_archived,
    -- Below zero only while money was taken back that had been spent.
    ADD CONSTRAINT wallets_sound CHECK (held >= 0 AND debt >= 0 AND (settled >= held OR debt > 0));

CREATE FUNCTION wallets_made_well() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF new.shard NOT BETWEEN 0 AND 255
        OR new.wallet_id <= 0
        OR new.environment NOT IN ('production', 'preview')
        OR octet_length(new.head_hash) <> 32
        OR new.archived_seq < 0
        OR (new.archived_seq > 0 AND new.archived_seq >= new.seq)
    THEN
        RAISE EXCEPTION 'a wallet can''t be like this: %', to_jsonb(new) USING ERRCODE = '23514';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER wallets_made_well
    BEFORE INSERT OR UPDATE OF shard, wallet_id, environment, archived_seq ON wallets
    FOR EACH ROW EXECUTE FUNCTION wallets_made_well();

ALTER TABLE grants
    DROP CONSTRAINT grants_source,
    DROP CONSTRAINT grants_granted,
    DROP CONSTRAINT grants_remaining,
    DROP CONSTRAINT grants_held,
    DROP CONSTRAINT grants_within,
    DROP CONSTRAINT grants_clawed,
    DROP CONSTRAINT grants_cost,
    DROP CONSTRAINT grants_open,
    ADD CONSTRAINT grants_sound
        CHECK (remaining >= 0 AND held >= 0 AND remaining + held <= granted AND open = (remaining > 0 OR held > 0));

CREATE FUNCTION grants_made_well() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF new.source NOT BETWEEN 1 AND 6
        OR new.granted <= 0
        OR new.clawed NOT BETWEEN 0 AND new.granted
        OR (new.cost_minor IS NULL) <> (new.cost_currency IS NULL)
    THEN
        RAISE EXCEPTION 'a grant can''t be like this: %', to_jsonb(new) USING ERRCODE = '23514';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER grants_made_well
    BEFORE INSERT OR UPDATE OF source, granted, clawed, cost_minor, cost_currency ON grants
    FOR EACH ROW EXECUTE FUNCTION grants_made_well();

ALTER TABLE entries
    DROP CONSTRAINT entries_seq,
    DROP CONSTRAINT entries_kind,
    DROP CONSTRAINT entries_actor_kind,
    DROP CONSTRAINT entries_held,
    DROP CONSTRAINT entries_expires_at,
    ADD CONSTRAINT entries_sound
        CHECK (seq > 0 AND kind BETWEEN 1 AND 15 AND actor_kind BETWEEN 1 AND 4 AND held_after >= 0
            AND (kind = 3) = (expires_at IS NOT NULL));
