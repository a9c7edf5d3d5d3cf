"""What may be asked of a net's attention: heads, steps, examples and texts, found out before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

from dllab.data.dataset import Prepared
from dllab.data.table_text import TableError
from dllab.data.text_lines import TextLine, Texts
from dllab.lab.attention import KIND, scores_of
from dllab.lab.chosen import chosen
from dllab.lab.examples import length_of, rows_of, split_of
from dllab.lab.suits import Unsuited
from dllab.lab.texts import rows_of_texts
from dllab.plan.plan import Plan
from dllab.runs.data_file import Learnt
from dllab.runs.ready import Reading
from dllab.symbols import DECODER


@dataclass(frozen=True)
class Wanted:
    """Layers by path or kind, a head from 1 on, the first and the last step from 1 on, an example of a split or a text."""

    layer: str | None = None
    head: int | None = None
    steps: tuple[int, int] | None = None
    split: str | None = None
    index: int = 0
    text: str | None = None

    def check(self, plan: Plan, data: Prepared) -> None:
        """Raise Unsuited for what is not there."""
        infos = chosen(plan.infos, self.layer, (KIND,))
        program = plan.program("infer")
        shapes = [scores_of(program, info.path).operands["p"].shape for info in infos]  # (B, heads, T, S) each
        self._check_head(max(int(shape[1]) for shape in shapes))
        most = max(int(size) for shape in shapes for size in shape[2:])
        if self.text is not None:
            _check_text(self.text, data)
        else:
            (row,) = rows_of(data, split_of(data, self.split), [self.index])
            most = most if DECODER in data.dataset.columns else min(most, length_of(data.dataset, row))
        self._check_steps(most)

    def _check_head(self, most: int) -> None:
        if self.head is None or self.head <= most:
            return
        if most == 1:
            raise Unsuited(f"--head {self.head}: there is one head", "leave it out")
        raise Unsuited(
            f"--head {self.head}: there are {most} heads in a layer", f"name one from 1 to {most}, or leave it out"
        )

    def _check_steps(self, most: int) -> None:
        if self.steps is not None and self.steps[1] > most:
            first, last = self.steps
            told = f"--steps {first}-{last}: there are {most} steps to look at"
            raise Unsuited(told, f"name steps from 1 to {most}, or leave it out")


def _check_text(text: str, data: Prepared) -> None:
    """Raise Unsuited for a text that the net cannot read."""
    if not data.dataset.vocabulary:
        raise Unsuited("--text: this net reads numbers, not texts", "choose an example of its data: --input 5")
    try:
        rows_of_texts(Reading(Learnt.of(data)), Texts("--text", [TextLine(1, text)]))
    except TableError as error:
        raise Unsuited(error.problem, error.hint) from None
