"""The topic catalogue and its application to a broker; the aggregate store with its outbox and relay."""
