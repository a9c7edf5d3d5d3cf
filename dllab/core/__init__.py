"""The kernel core: the only place that knows numba, llvmlite and machine addresses."""
