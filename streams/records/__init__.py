"""What we keep on Kafka, format by format: checkpoints, month totals, progress, closings, dead letters, snapshots."""
