"""What all tests share. Lies here, too, so that tests in folders can import kernels.py."""

from hypothesis import settings

settings.register_profile("lab", deadline=None)  # the first example of a kernel may have to compile it
settings.load_profile("lab")
