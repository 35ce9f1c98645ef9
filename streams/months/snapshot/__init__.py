"""The Grafana snapshot of a closed month."""
