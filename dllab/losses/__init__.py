"""Losses: what training minimises. See loss.py."""
