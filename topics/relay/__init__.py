"""The relay of the transactional outbox: rows of PostgreSQL become records of Kafka."""

from topics.relay.relay import Relay, Wire

__all__ = ["Relay", "Wire"]
