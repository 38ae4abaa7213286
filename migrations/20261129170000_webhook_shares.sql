-- What the courier must know of an endpoint so that those that hang or fail take no places from others. Adding columns
-- without a default rewrites nothing; `host` is worked out once for each of the few endpoints there are.
ALTER TABLE webhook_endpoints
    -- Whose messages go to one machine: host and port, as the address has them.
    ADD COLUMN host text NOT NULL
        GENERATED ALWAYS AS (lower(coalesce(substring(url FROM '^[A-Za-z]+://([^/?#]*)'), url))) STORED,
    -- Whether the last try took long, or was never answered: such an endpoint has one message under way.
    ADD COLUMN is_slow boolean NOT NULL DEFAULT false,
    -- Since when every try has failed; after three days it is switched off.
    ADD COLUMN failing_since timestamptz,
    -- Until when the endpoint has asked to be left alone (`Retry-After`).
    ADD COLUMN paused_until timestamptz;

-- Tests and repeats that an account has asked for lately: how many there may be. Ordinary messages are not in it.
CREATE INDEX webhook_deliveries_asked ON webhook_deliveries (endpoint_id, created_at)
    WHERE event = 'webhook.test' OR replay_of IS NOT NULL;
