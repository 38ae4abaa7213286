-- What each account would have paid under a rehearsed version: the whole list behind winners and losers.
CREATE TABLE rehearsed_accounts (
    price_book integer NOT NULL,
    account_id uuid NOT NULL,
    charges bigint NOT NULL,
    before bigint NOT NULL,
    after bigint NOT NULL,
    CONSTRAINT rehearsed_accounts_pk PRIMARY KEY (price_book, account_id),
    CONSTRAINT rehearsed_accounts_book_fk FOREIGN KEY (price_book) REFERENCES price_books (version) ON DELETE CASCADE,
    CONSTRAINT rehearsed_accounts_not_negative CHECK (charges > 0 AND before >= 0 AND after >= 0)
);
