"""The alarms: their files, their rules, and what they do on replayed days in a real Prometheus."""
