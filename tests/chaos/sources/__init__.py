"""A stand-in exchange that is followed and a caller of webhooks, in scenarios of `make chaos` that have sources.

Both know what happened (`truth.py`); the judge holds what the topics hold against it.
"""
