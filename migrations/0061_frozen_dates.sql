-- A later change of the catalog or of the account changes no date of a paid plan; silence of ours moves them.

ALTER TABLE subscriptions
    -- In which time zone and how the dates of a paid plan are counted, as it was when it began; empty on a plan that costs
    -- nothing, which follows its account and the catalog.
    ADD COLUMN time_zone     text,
    ADD COLUMN billing_dates text,
    -- Which month begins at the anchor.
    ADD COLUMN anchor_month  integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT subscriptions_billing_dates_known CHECK (billing_dates IN ('anniversary', 'calendar_month')),
    ADD CONSTRAINT subscriptions_anchor_month_counted CHECK (0 <= anchor_month AND anchor_month <= months_paid);

UPDATE subscriptions AS s
SET time_zone = a.time_zone,
    billing_dates = coalesce((SELECT settings->>'billing_dates' FROM catalog), 'anniversary')
FROM accounts AS a
WHERE a.id = s.account_id
  AND s.minor IS NOT NULL;

-- Nothing is due of a plan that costs nothing before its owner's address is proven: the job need not look each minute.
ALTER TABLE subscriptions ALTER COLUMN due_at DROP DEFAULT;
UPDATE subscriptions AS s
SET due_at = NULL
WHERE s.minor IS NULL
  AND NOT EXISTS (
      SELECT
      FROM members AS m
      JOIN users AS u ON u.id = m.user_id
      WHERE m.account_id = s.account_id
        AND m.role = 'owner'
        AND u.verified_at IS NOT NULL
  );
