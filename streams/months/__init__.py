"""The month: official figures, frozen and reported, and the Grafana snapshot of them."""
