"""Initializers: how parameters start. See initializer.py."""
