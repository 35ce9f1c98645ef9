"""What arrives: the events, the topics they travel on, and how bytes become an event or a typed rejection.

Knows nothing of waiting times, of Faust or of a clock.
"""
