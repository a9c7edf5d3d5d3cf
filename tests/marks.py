"""Marks that tests in many files carry."""

import pytest

from dllab.core.settings import jit_enabled

compiled_only = pytest.mark.skipif(not jit_enabled(), reason="too long without compiled kernels")
