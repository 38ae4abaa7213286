-- What a charge's updates of its wallet and grant need not pay for: a row lock of their own, written to the log, which
-- any BEFORE UPDATE trigger on a row takes first, even one for other columns; and the check of a foreign key.

SET LOCAL lock_timeout = '5s';

DROP TRIGGER wallets_made_well ON wallets;
CREATE TRIGGER wallets_made_well
    AFTER INSERT OR UPDATE OF shard, wallet_id, environment, archived_seq ON wallets
    FOR EACH ROW EXECUTE FUNCTION wallets_made_well();

DROP TRIGGER grants_made_well ON grants;
CREATE TRIGGER grants_made_well
    AFTER INSERT OR UPDATE OF source, granted, clawed, cost_minor, cost_currency ON grants
    FOR EACH ROW EXECUTE FUNCTION grants_made_well();

-- `scrip verify` says it instead: auto_top_up_consent_is_the_accounts_own.
ALTER TABLE auto_top_up_consents DROP CONSTRAINT auto_top_up_consents_wallet_fk;
