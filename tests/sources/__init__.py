"""Tests of the sources: files, the sender and the simulated day."""
