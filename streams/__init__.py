"""Wachtmonitor: calls and tickets on Kafka become exact waiting figures.

A record's way: `sources` write it to Kafka as `contracts` say; `runtime` fetches it, has `contracts` decode it,
`channels` say what it means for a call or a visit, and `core` count it; what must last goes back to Kafka in the
formats of `records`; `live` says what is known at a moment, `serve` shows it to Prometheus and on the wall, and
`months` makes the official month of it. docs/architecture.md tells it module by module.
"""
