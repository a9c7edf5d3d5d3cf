"""Metrics: figures of merit computed from a network's outputs. See metric.py."""
