"""What arrives: the events, the topics they travel on, and how bytes become an event or a typed rejection.

Must not know channels, Faust or the clock.
"""
