"""Wachtmonitor: calls and tickets on Kafka become exact waiting figures.

The data path, in the order in which a record travels it:
`sources` -> Kafka -> `contracts` -> `core` -> `runtime` -> `publish` -> Prometheus, the wall, `reports`.
"""
