"""What others call: requests become documents, once it is sure who sent them. How requests come in and events go out
is for others. Must not know HTTP or Kafka.
"""
