"""Who sees it: Prometheus metrics, the wall page, month totals and dead letters."""
