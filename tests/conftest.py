"""Lies here so that tests in folders can import kernels.py."""
