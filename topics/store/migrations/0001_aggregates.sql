-- Event store, memory of commands, claims and outbox of the aggregates this platform owns.

CREATE TABLE aggregates.events (
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    event_id text NOT NULL UNIQUE,
    name text NOT NULL,
    command_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    envelope jsonb NOT NULL,
    payload jsonb NOT NULL,
    prior_hash bytea NOT NULL CHECK (length(prior_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    -- The type belongs to the key: an attempt named after a command may be called like an order.
    PRIMARY KEY (aggregate_type, aggregate_id, version)
);
COMMENT ON TABLE aggregates.events IS
    'Every fact, append-only. hash covers envelope, payload and prior_hash, so that an altered row shows.';

CREATE TABLE aggregates.commands (
    tenant_id text NOT NULL,
    command_id text NOT NULL,
    fingerprint text NOT NULL,
    is_first boolean NOT NULL,
    name text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    version bigint NOT NULL,
    outcome text NOT NULL,
    result jsonb NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, command_id, fingerprint)
);
COMMENT ON TABLE aggregates.commands IS
    'What each command came to. Rows with is_first = false are refusals of an id used again for something else.';
CREATE UNIQUE INDEX commands_first ON aggregates.commands (tenant_id, command_id) WHERE is_first;
CREATE INDEX commands_of_aggregate ON aggregates.commands (aggregate_type, aggregate_id);

CREATE TABLE aggregates.claims (
    tenant_id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    aggregate_id text NOT NULL,
    command_id text NOT NULL,
    PRIMARY KEY (tenant_id, kind, key)
);
COMMENT ON TABLE aggregates.claims IS 'Keys that belong to one request only: idempotency keys, converted quotes.';

CREATE TABLE aggregates.schemas (
    fingerprint text PRIMARY KEY,
    full_name text NOT NULL,
    schema text NOT NULL
);
COMMENT ON TABLE aggregates.schemas IS
    'Avro schemas the outbox bodies were written with, so that a later release still knows how to read them.';

CREATE TABLE aggregates.outbox (
    seq bigserial PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    event_id text NOT NULL UNIQUE,
    record text NOT NULL,
    schema_fingerprint text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz,
    kafka_partition integer,
    kafka_offset bigint,
    CHECK ((published_at IS NULL) = (kafka_partition IS NULL) AND (published_at IS NULL) = (kafka_offset IS NULL))
);
COMMENT ON TABLE aggregates.outbox IS
    'Events on their way to Kafka. body is Avro without the wire header: the registry is asked by the relay only.';
CREATE INDEX outbox_unpublished ON aggregates.outbox (seq) WHERE published_at IS NULL;

CREATE FUNCTION aggregates.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Record a correcting event instead.';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON aggregates.events
    FOR EACH ROW EXECUTE FUNCTION aggregates.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON aggregates.events
    FOR EACH STATEMENT EXECUTE FUNCTION aggregates.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON aggregates.commands
    FOR EACH ROW EXECUTE FUNCTION aggregates.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON aggregates.commands
    FOR EACH STATEMENT EXECUTE FUNCTION aggregates.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON aggregates.claims
    FOR EACH ROW EXECUTE FUNCTION aggregates.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON aggregates.claims
    FOR EACH STATEMENT EXECUTE FUNCTION aggregates.refuse_change();
