"""Tests of the core: what the figures mean, and that order, repetition and restarts do not change them."""
