"""The command `wachtmonitor check`: one module for each neighbour that is asked."""
