-- A period of a ceiling that has begun ends when it was to end, also when the account's time zone is set anew. NULL: not
-- written since; the period is then worked out from its start, as before.
ALTER TABLE budgets
    ADD COLUMN window_end timestamptz,
    ADD CONSTRAINT budgets_window CHECK (window_end IS NULL OR window_end > window_start);

-- Keys are compared byte by byte, whatever the database's language: they are only ever asked for whole, and comparing
-- them by the rules of a language made every new row slower.
ALTER TABLE entries ALTER COLUMN idem_key TYPE text COLLATE "C";
ALTER TABLE archived_keys ALTER COLUMN idem_key TYPE text COLLATE "C";

-- A trigger on rows does not see a table that is emptied at once.
CREATE TRIGGER entries_not_truncated BEFORE TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER allocations_not_truncated BEFORE TRUNCATE ON allocations
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER archives_not_truncated BEFORE TRUNCATE ON archives
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER archived_keys_not_truncated BEFORE TRUNCATE ON archived_keys
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER archived_holds_not_truncated BEFORE TRUNCATE ON archived_holds
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
