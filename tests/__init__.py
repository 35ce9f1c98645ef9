"""The tests of Wachtmonitor."""
