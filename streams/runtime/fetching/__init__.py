"""From the bytes that Kafka hands over to the records in them, in turns and within bounds."""
