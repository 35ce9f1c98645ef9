"""Who sees it while it happens: the metrics, the wall and the health of a worker, over HTTP."""
