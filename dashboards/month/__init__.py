"""The official indicators, month by month."""
