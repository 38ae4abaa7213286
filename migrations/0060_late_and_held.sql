-- What was lost on the way is asked about again; money that was put aside is decided by staff.

-- Renewals that were closed since their provider did not know them are asked about for some days.
CREATE INDEX payments_closed_renewals_index ON payments (check_at)
    WHERE status = 'expired' AND provider_ref IS NULL AND month > 0;
-- Staff list what was put aside.
CREATE INDEX payments_held_index ON payments (updated_at) WHERE status = 'held';
