"""The metrics for Prometheus: the catalogue of names, and the pages that are written after it."""
