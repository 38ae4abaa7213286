-- The part of a month's plan credits that is moved to the preview wallet of the project, where the catalog says so.
CREATE TABLE preview_shares (
    subscription_id uuid        NOT NULL,
    month           integer     NOT NULL,
    shard           smallint    NOT NULL,
    -- The production wallet that got the month, and the preview wallet of its project.
    wallet_id       bigint      NOT NULL,
    preview_id      bigint      NOT NULL,
    credits         bigint      NOT NULL,
    -- What was moved in the end (less where it was spent by then), and the row that moved it.
    moved           bigint,
    entry_seq       bigint,
    -- What is not moved by then stays where it is.
    until           timestamptz NOT NULL,
    next_at         timestamptz NOT NULL,
    CONSTRAINT preview_shares_pk PRIMARY KEY (subscription_id, month),
    CONSTRAINT preview_shares_month_fk FOREIGN KEY (subscription_id, month)
        REFERENCES billing_periods (subscription_id, month),
    CONSTRAINT preview_shares_credits_positive CHECK (credits > 0),
    CONSTRAINT preview_shares_moved_within CHECK (moved BETWEEN 0 AND credits),
    CONSTRAINT preview_shares_row_with_credits CHECK ((entry_seq IS NOT NULL) = (coalesce(moved, 0) > 0))
);
-- What is still to be moved.
CREATE INDEX preview_shares_due_index ON preview_shares (next_at) WHERE moved IS NULL;
