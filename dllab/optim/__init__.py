"""Optimizers and gradient transforms: one file each. See optimizer.py."""
