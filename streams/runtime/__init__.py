"""How it runs: the Faust app, record batches, checkpoints, recovery."""
