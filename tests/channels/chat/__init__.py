"""Chats: a third channel, which lives here alone and is added as an installation would add its own.

Whoever imports its modules in a process makes its name known there: tests do so in processes of their own.
"""
