-- A message of a provider whose signature is right and whose text can't be read is kept as it came, byte by byte, and read
-- again later: by a version that can.
ALTER TABLE provider_events
    ADD COLUMN body bytea,
    DROP CONSTRAINT provider_events_state_known,
    ADD CONSTRAINT provider_events_state_known CHECK (state IN ('received', 'done', 'ignored', 'failed', 'unread')),
    ADD CONSTRAINT provider_events_unread_has_body CHECK (state <> 'unread' OR body IS NOT NULL);

-- The reconciler looks for them at each run, those first that were tried least.
CREATE INDEX provider_events_unread_index ON provider_events (tries, received_at) WHERE state = 'unread';
