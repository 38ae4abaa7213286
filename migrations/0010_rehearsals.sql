-- Rehearsals that were asked for: one of each draft, done by a job on one node at a time.

CREATE TABLE rehearsals (
    price_book  integer     NOT NULL,
    -- The draft's revision: as it was asked for, then as it was read.
    revision    bigint      NOT NULL,
    state       text        NOT NULL DEFAULT 'running',
    -- Goes up whenever it is asked for or taken up. Whoever holds an older ticket writes nothing any more.
    ticket      bigint      NOT NULL DEFAULT 1,
    -- How often it was taken up.
    takes       integer     NOT NULL DEFAULT 0,
    -- The last sign of life of whoever does it; nobody does where there is none.
    beat_at     timestamptz,
    -- Pages of the ledger that were read, of so many; and the charges in them.
    done        bigint      NOT NULL DEFAULT 0,
    total       bigint      NOT NULL DEFAULT 0,
    charges     bigint      NOT NULL DEFAULT 0,
    started_by  text        NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT rehearsals_pk PRIMARY KEY (price_book),
    CONSTRAINT rehearsals_book_fk FOREIGN KEY (price_book) REFERENCES price_books (version) ON DELETE CASCADE,
    CONSTRAINT rehearsals_state CHECK (state IN ('running', 'finished', 'failed', 'given_up')),
    CONSTRAINT rehearsals_finished CHECK ((state = 'running') = (finished_at IS NULL)),
    CONSTRAINT rehearsals_within CHECK (0 <= done AND done <= total AND charges >= 0)
);
