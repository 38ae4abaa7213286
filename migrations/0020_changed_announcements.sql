-- An announced version may change until its day: a drop that takes effect at once is taken into it.

ALTER TABLE price_books
    -- When what it changes was written last: feeds tell it again.
    ADD COLUMN changed_at timestamptz,
    -- How often: what it means to each account is kept only if it was worked out for the last one.
    ADD COLUMN changes_written integer NOT NULL DEFAULT 0;
UPDATE price_books SET changed_at = announced_at WHERE announced_at IS NOT NULL;
