-- When the owner of a wallet that nobody has used for long was asked whether it is still wanted; asked once for each
-- wait. No index: `active_at` moves with every charge, and an index on it would be written then.
ALTER TABLE wallets ADD COLUMN asked_at timestamptz;
