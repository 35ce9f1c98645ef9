"""The files of an installation, each checked by the tool that reads it."""
