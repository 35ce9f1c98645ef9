"""Where it comes from: delimited files and the simulator, as events on Kafka."""
