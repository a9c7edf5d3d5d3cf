"""Augmentations: changes to training inputs as they are read; one file each."""
