"""Results and events as rich renderables: no training, no files, no printing."""
