-- Outgoing webhooks (decisions/0263): what the log must not have (secrets), and what is no fact (how far each endpoint is, what was sent).
--
-- Which endpoints there are, and what is sent to them, is in the log. Emptied, the cursors begin again where the endpoint was created.

CREATE TABLE webhook_secrets (
    endpoint_id text NOT NULL,
    secret_id text NOT NULL,
    sealed text NOT NULL,
    made_at timestamptz NOT NULL,
    until timestamptz,
    PRIMARY KEY (endpoint_id, secret_id)
);
COMMENT ON COLUMN webhook_secrets.sealed IS 'Sealed by a key of campus_keys; a secret without its fact signs nothing.';

CREATE TABLE webhook_cursors (
    endpoint_id text NOT NULL,
    name text NOT NULL,
    position bigint NOT NULL,
    last bigint,
    heard integer NOT NULL DEFAULT 0,
    delivered_at timestamptz,
    PRIMARY KEY (endpoint_id, name)
);
COMMENT ON TABLE webhook_cursors IS 'Up to which position facts were looked at for an endpoint: the one called live, and one for each replay that goes on.';
COMMENT ON COLUMN webhook_cursors.heard IS 'Of the live one: up to which version of the stream of the endpoint its facts were followed.';

CREATE TABLE webhook_deliveries (
    endpoint_id text NOT NULL,
    message_id text NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    since timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (endpoint_id, message_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_listed ON webhook_deliveries (endpoint_id, position);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE webhook_deliveries IS 'Facts that are to be sent, and those that were sent within thirty days; not all that wait: a cursor stops when many do.';

CREATE TABLE webhook_attempts (
    endpoint_id text NOT NULL,
    message_id text NOT NULL,
    at timestamptz NOT NULL,
    status integer,
    milliseconds integer NOT NULL,
    error text,
    answer text NOT NULL DEFAULT '',
    PRIMARY KEY (endpoint_id, message_id, at)
);
CREATE INDEX webhook_attempts_at ON webhook_attempts (at);
COMMENT ON COLUMN webhook_attempts.answer IS 'The first 1,024 bytes of what was answered.';

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_secrets, webhook_cursors, webhook_deliveries, webhook_attempts TO {app};
