-- Receipts, invoices and credit notes: numbered without gaps, never changed.

SET LOCAL lock_timeout = '5s';

-- Who sells, as documents print it: staff say so. Without a row they name the platform alone.
CREATE TABLE invoice_seller (
    only_row         boolean     NOT NULL DEFAULT true,
    name             text        NOT NULL,
    address          text        NOT NULL,
    country          text        NOT NULL,
    tax_id           text,
    email            text,
    -- The tax that prices include where the provider adds none: 2000 is 20 %.
    tax_name         text,
    tax_basis_points integer,
    -- Printed below the totals: "VAT exempt under …".
    note             text,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT invoice_seller_pk PRIMARY KEY (only_row),
    CONSTRAINT invoice_seller_one CHECK (only_row),
    CONSTRAINT invoice_seller_tax CHECK (
        (tax_name IS NULL) = (tax_basis_points IS NULL) AND tax_basis_points BETWEEN 1 AND 9999
    )
);

-- The series that numbers are taken from. A number is taken by the transaction that stores its document: it locks the
-- row, so that numbers follow each other without gaps whatever stops.
CREATE TABLE invoice_series (
    name           text        NOT NULL,
    kind           text        NOT NULL,
    last_number    bigint      NOT NULL DEFAULT 0,
    -- A later number is never of an earlier time.
    last_issued_at timestamptz,
    -- Whether documents of its kind take their numbers from it now.
    is_current     boolean     NOT NULL,
    CONSTRAINT invoice_series_pk PRIMARY KEY (name),
    CONSTRAINT invoice_series_name_form CHECK (name ~ '^[A-Z0-9][A-Z0-9-]{0,15}$'),
    CONSTRAINT invoice_series_kind_known CHECK (kind IN ('receipt', 'invoice', 'credit_note', 'debit_note')),
    CONSTRAINT invoice_series_number CHECK (last_number >= 0)
);
-- One for each kind.
CREATE UNIQUE INDEX invoice_series_current ON invoice_series (kind) WHERE is_current;
INSERT INTO invoice_series (name, kind, is_current)
VALUES ('RC', 'receipt', true), ('INV', 'invoice', true), ('CN', 'credit_note', true), ('DN', 'debit_note', true);

-- To whom an account's documents are addressed; all of it optional.
CREATE TABLE billing_details (
    account_id uuid        NOT NULL,
    name       text        NOT NULL DEFAULT '',
    address    text        NOT NULL DEFAULT '',
    country    text        NOT NULL DEFAULT '',
    tax_id     text        NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL,
    CONSTRAINT billing_details_pk PRIMARY KEY (account_id),
    CONSTRAINT billing_details_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id)
);

-- The documents. Rows are only added: each holds every fact that it prints.
CREATE TABLE invoice_documents (
    id          uuid        NOT NULL,
    kind        text        NOT NULL,
    series      text        NOT NULL,
    number      bigint      NOT NULL,
    account_id  uuid        NOT NULL,
    payment_id  uuid        NOT NULL,
    -- What it is about besides the payment: a credit note of a refund, or of a dispute that was lost.
    refund_id   uuid,
    dispute_id  uuid,
    -- The document that it is issued for: the receipt of an invoice, what a credit note reduces, what a debit note takes
    -- back.
    original_id uuid,
    total_minor bigint      NOT NULL,
    -- The part of it that is tax.
    tax_minor   bigint      NOT NULL,
    currency    text        NOT NULL,
    locale      text        NOT NULL,
    content     jsonb       NOT NULL,
    issued_at   timestamptz NOT NULL,
    -- Its day in the account's time zone of that moment: statements are of its month for ever.
    issued_on   date        NOT NULL,
    CONSTRAINT invoice_documents_pk PRIMARY KEY (id),
    CONSTRAINT invoice_documents_number_unique UNIQUE (series, number),
    CONSTRAINT invoice_documents_series_fk FOREIGN KEY (series) REFERENCES invoice_series (name),
    CONSTRAINT invoice_documents_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT invoice_documents_payment_fk FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT invoice_documents_refund_fk FOREIGN KEY (refund_id) REFERENCES refunds (id),
    CONSTRAINT invoice_documents_dispute_fk FOREIGN KEY (dispute_id) REFERENCES disputes (id),
    CONSTRAINT invoice_documents_original_fk FOREIGN KEY (original_id) REFERENCES invoice_documents (id),
    CONSTRAINT invoice_documents_kind_known CHECK (kind IN ('receipt', 'invoice', 'credit_note', 'debit_note')),
    CONSTRAINT invoice_documents_original CHECK ((kind = 'receipt') = (original_id IS NULL)),
    CONSTRAINT invoice_documents_about CHECK (
        num_nonnulls(refund_id, dispute_id) = (kind IN ('credit_note', 'debit_note'))::int
    ),
    CONSTRAINT invoice_documents_amount CHECK (total_minor > 0 AND tax_minor BETWEEN 0 AND total_minor)
);
-- One receipt and one invoice for a payment, one credit note for a refund or a dispute, one debit note for a credit note.
CREATE UNIQUE INDEX invoice_documents_payment_unique ON invoice_documents (payment_id, kind)
    WHERE kind IN ('receipt', 'invoice');
CREATE UNIQUE INDEX invoice_documents_refund_unique ON invoice_documents (refund_id, kind) WHERE refund_id IS NOT NULL;
CREATE UNIQUE INDEX invoice_documents_dispute_unique ON invoice_documents (dispute_id, kind)
    WHERE dispute_id IS NOT NULL;
-- An account's documents, newest first.
CREATE INDEX invoice_documents_account_index ON invoice_documents (account_id, issued_at DESC, id DESC);
-- A payment's documents.
CREATE INDEX invoice_documents_payment_index ON invoice_documents (payment_id);

CREATE FUNCTION invoice_documents_are_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'documents are never changed' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER invoice_documents_append_only BEFORE UPDATE OR DELETE ON invoice_documents
    FOR EACH ROW EXECUTE FUNCTION invoice_documents_are_append_only();
CREATE TRIGGER invoice_documents_not_truncated BEFORE TRUNCATE ON invoice_documents
    FOR EACH STATEMENT EXECUTE FUNCTION invoice_documents_are_append_only();

-- What has its document. A look finds the others, oldest first; what succeeded before this migration, too.
ALTER TABLE payments ADD COLUMN documented_at timestamptz;
CREATE INDEX payments_undocumented_index ON payments (settled_at, id)
    WHERE status = 'succeeded' AND documented_at IS NULL;
ALTER TABLE refunds
    ADD COLUMN documented_at timestamptz,
    -- A refund that failed after its credit note has a debit note.
    ADD COLUMN reversed_at timestamptz;
CREATE INDEX refunds_undocumented_index ON refunds (updated_at, id) WHERE state = 'succeeded' AND documented_at IS NULL;
CREATE INDEX refunds_unreversed_index ON refunds (updated_at, id)
    WHERE state = 'failed' AND documented_at IS NOT NULL AND reversed_at IS NULL;
ALTER TABLE disputes ADD COLUMN documented_at timestamptz;
CREATE INDEX disputes_undocumented_index ON disputes (updated_at, id) WHERE state = 'lost' AND documented_at IS NULL;
