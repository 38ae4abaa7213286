-- Mails and providers' messages of long ago are removed by a job, which finds them by their age.
CREATE INDEX mails_old_index ON mails (created_at) WHERE state <> 'queued';
CREATE INDEX provider_events_old_index ON provider_events (received_at) WHERE state IN ('done', 'ignored');
