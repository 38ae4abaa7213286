-- Edits of a draft, so that the last one can be undone and another admin hears what has changed meanwhile.

CREATE TABLE draft_edits (
    price_book integer NOT NULL REFERENCES price_books (version) ON DELETE CASCADE,
    -- The revision that the edit made.
    revision bigint NOT NULL,
    action text NOT NULL,
    -- What it changed, as the editor tells it.
    changes jsonb NOT NULL,
    -- What the changed operations were before; none where the edit is undone, or is itself an undoing.
    undo jsonb,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (price_book, revision),
    CONSTRAINT draft_edits_action CHECK (action IN ('changed', 'added', 'removed', 'imported', 'undone'))
);
