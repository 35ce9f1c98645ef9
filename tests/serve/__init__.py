"""Tests of what the worker shows: metrics, wall page, month totals, dead letters."""
