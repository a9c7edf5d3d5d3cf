"""dllab: a command-line lab for training toy neural networks."""

__version__ = "0.1.0"

TYPE_CHECKING = False  # no import here: nothing answers Ctrl-C yet, and typing takes 20 ms to read
if TYPE_CHECKING:
    from dllab.engine.network import Network, build
    from dllab.lab.cross_validate import cross_validate
    from dllab.runs.result import Result
    from dllab.runs.resume import resume
    from dllab.runs.train import train

__all__ = ["Network", "Result", "__version__", "build", "cross_validate", "resume", "train"]

_HOMES = {
    "build": "dllab.engine.network",
    "Network": "dllab.engine.network",
    "cross_validate": "dllab.lab.cross_validate",
    "train": "dllab.runs.train",
    "resume": "dllab.runs.resume",
    "Result": "dllab.runs.result",
}


def __getattr__(name: str) -> object:
    """Import what is asked for only then: the command line's `--help` needs none of it."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dllab' has no attribute {name!r}")
