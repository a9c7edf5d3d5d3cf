"""`dllab verify`: replays a run, and proves that it comes to the same bits."""

from __future__ import annotations

from dllab.cli.failures import FINE, NEGATIVE
from dllab.cli.options import Json, RunDir, Trust
from dllab.cli.runs import RunOrMember


def verify(run: RunOrMember, as_json: Json = False, run_dir: RunDir = None, trust: Trust = False) -> int:
    """Train a run again, from its recipe, seed and data, and compare every bit with what was kept.

    Every evaluation is compared, and all parameters at the end. Where they differ, the first place is told, and what has
    changed since: versions, processor, recipe, data. The same version of the lab on the same type of processor comes to
    the same bits. A run that was interrupted or killed is replayed as far as it came; of a run of folds the figures are
    compared, and so they are of a member of a sweep (SWEEP:17).

    Exit code 1 if they are not the same, 2 for a run that cannot be replayed.
    """
    from dllab.cli.console import output
    from dllab.cli.subject import following
    from dllab.lab.run_records import record_of
    from dllab.lab.verify import verify as replayed
    from dllab.lab.verify_member import verify_member
    from dllab.views.verify import Verdict, document

    with following("replaying") as listen:
        record = record_of(run, run_dir)
        if record.member is not None:
            found = verify_member(record, run_dir, trust=trust, on_event=listen)
        else:
            found = replayed(record.path, run_dir, trust=trust, on_event=listen)
    if as_json:
        output().document(document(found))
    else:
        output().show(Verdict(found))
    return FINE if found.same else NEGATIVE
