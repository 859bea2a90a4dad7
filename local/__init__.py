"""The one-machine stack: every service Bracket needs, embedded, under one supervisor.

Start with `python -m local.up`. Nothing in marketplace/ or workers/ imports from here.
"""
