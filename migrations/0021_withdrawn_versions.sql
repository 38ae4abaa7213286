-- An announced version can be withdrawn before its day; a draft can be brought up to date.

ALTER TABLE price_books
    ADD COLUMN withdrawn_at timestamptz,
    DROP CONSTRAINT price_books_status,
    ADD CONSTRAINT price_books_status CHECK (status IN ('draft', 'scheduled', 'active', 'retired', 'withdrawn')),
    ADD CONSTRAINT price_books_withdrawn CHECK ((status = 'withdrawn') = (withdrawn_at IS NOT NULL));

-- Whoever was mailed about a version hears when it is withdrawn, once.
ALTER TABLE announcement_mails
    ADD COLUMN withdrawal_mailed_at timestamptz;

ALTER TABLE draft_edits
    DROP CONSTRAINT draft_edits_action,
    ADD CONSTRAINT draft_edits_action
        CHECK (action IN ('changed', 'added', 'removed', 'imported', 'undone', 'rebased'));
