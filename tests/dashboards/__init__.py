"""The dashboards: their queries against a real Prometheus, their layout, and Grafana's own types."""
