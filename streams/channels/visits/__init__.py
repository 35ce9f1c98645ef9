"""Visits to the desks."""
