"""Layers: one file each. See layer.py for what a layer is."""
