"""The engine: binds plans to memory and runs them."""
