"""Brokers for the tests: a real Apache Kafka beside the embedded broker, and settings that keep tests apart."""
