"""The alarms, and the files by which Grafana has them."""
