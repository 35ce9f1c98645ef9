"""Kafka from the client's side: connecting, rights, the brokers' clocks, and records that are written atomically."""
