"""Telephone calls."""
