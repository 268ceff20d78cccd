-- Events that cannot be put into wire format wait here by name; what does not concern their aggregate goes on.

CREATE TABLE aggregates.outbox_parked (
    seq bigint PRIMARY KEY REFERENCES aggregates.outbox,
    topic text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE aggregates.outbox_parked IS
    'The first event of an aggregate that cannot be published; it and the later ones of its aggregate wait for a mend.';
CREATE INDEX outbox_parked_key ON aggregates.outbox_parked (topic, key);
