"""What all tests share. Lies here, too, so that tests in folders can import kernels.py."""

import contextlib
import signal

from hypothesis import settings

settings.register_profile("lab", deadline=None)  # the first example of a kernel may have to compile it
settings.load_profile("lab")

for name, handler in (("SIGINT", signal.default_int_handler), ("SIGTERM", signal.SIG_DFL), ("SIGHUP", signal.SIG_DFL)):
    number = getattr(signal, name, None)
    with contextlib.suppress(ValueError):  # not in the main thread
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:  # nohup, a shell's background
            signal.signal(number, handler)  # what tests start would ignore it, too
