"""Runs: training that leaves a folder behind. See train.py for the function, store.py for the folder."""
