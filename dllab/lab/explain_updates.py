"""Explanations of updates: what the links of an optimizer's chain make of one gradient, and the step they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dllab.lab.explain_activations import fill
from dllab.lab.explain_here import at
from dllab.lab.explain_step import Moment
from dllab.lab.explanation import Block, Equation, Section, table
from dllab.lab.suits import TABLES

ENTRIES = 64
"""Numbers of a parameter that are listed in full."""
Known = dict[str, tuple[str, float]]

RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "sgd": (("p", "{p} - {lr} * {g}"),),
    "perceptron": (("p", "{p} - {lr} * {g}"),),
    "momentum": (("v", "{beta} * {v_before} + {g}"), ("p", "{p} - {lr} * {v}")),
    "nesterov": (("v", "{beta} * {v_before} + {g}"), ("p", "{p} - {lr} * ({g} + {beta} * {v})")),
    "rmsprop": (("v", "{rho} * {v_before} + (1 - {rho}) * {g}^2"), ("p", "{p} - {lr} * {g} / (sqrt({v}) + {eps})")),
    "adagrad": (("h", "{h_before} + {g}^2"), ("p", "{p} - {lr} * {g} / (sqrt({h}) + {eps})")),
    "lion": (("c", "{beta1} * {m_before} + (1 - {beta1}) * {g}"), ("p", "(1 - {lr} * {decay}) * {p} - {lr} * sign({c})"),
             ("m", "{beta2} * {m_before} + (1 - {beta2}) * {g}")),
    "adam": (
        ("m", "{beta1} * {m_before} + (1 - {beta1}) * {g}"), ("v", "{beta2} * {v_before} + (1 - {beta2}) * {g}^2"),
        ("m'", "{m} / (1 - {beta1}^{t})"), ("v'", "{v} / (1 - {beta2}^{t})"),
        ("p", "{p} - {lr} * {m'} / (sqrt({v'}) + {eps})"),
    ),
}  # fmt: skip
"""Each optimizer's steps: what is found, and from what. `p` is the parameter after the update."""
RULES["adamw"] = (*RULES["adam"][:-1], ("p", "(1 - {lr} * {decay}) * {p} - {lr} * {m'} / (sqrt({v'}) + {eps})"))


@dataclass(frozen=True)
class One:
    """A number of a parameter."""

    label: str
    place: tuple[int, ...]
    by_id: bool = False

    @property
    def name(self) -> str:
        """w[1,3]; the rows of a table go by id, from 0."""
        return self.label.rpartition(".")[2] + self.index

    @property
    def index(self) -> str:
        """Counted from 1, but for ids."""
        if not self.by_id:
            return at(*self.place)
        return f"[{','.join([str(self.place[0]), *(str(i + 1) for i in self.place[1:])])}]"


def updates(moment: Moment, labels: list[str], full: bool) -> list[Section]:
    """A section for the parameters of these labels that are learnt."""
    frozen = {p.label for p in moment.network.plan.parameters if p.frozen}
    learnt = [label for label in labels if label not in frozen]
    if not learnt:
        return []
    tables = {p.label for info in moment.inside.infos if info.kind in TABLES for p in info.parameters}
    chosen = [One(label, _largest(moment, label), label in tables) for label in learnt]
    optimizer = moment.network.plan.question.chain[-1]
    blocks = _rate(moment)
    one = max(
        chosen, key=lambda one: abs(float(moment.after[one.label][one.place]) - float(moment.before[one.label][one.place]))
    )
    blocks.append(f"{one.name} of {one.label.rpartition('.')[0]}, the number that moves most:")
    blocks += one_update(moment, one)
    if full:
        blocks += [_table(moment, label) for label in learnt if moment.before[label].size <= ENTRIES]
    elif len(chosen) > 1:
        numbers = np.array(
            [[float(of[one.label][one.place]) for of in (moment.before, moment.used, moment.after)] for one in chosen]
        )
        paths = {one.label.rpartition(".")[0] for one in chosen}
        names = [one.name if len(paths) == 1 else f"{one.label}{one.index}" for one in chosen]
        blocks.append(table("of each array the number that moves most", names, ["before", "gradient", "after"], numbers))
    return [Section("update", "update", optimizer.name, _moving(moment, learnt), tuple(blocks))]


def _moving(moment: Moment, labels: list[str]) -> str:
    """How many numbers the step changes."""
    moved = sum(int((moment.before[label] != moment.after[label]).sum()) for label in labels)
    whole = sum(moment.before[label].size for label in labels)
    some = f"{whole:,}" if moved == whole else f"{moved:,} of {whole:,}"
    arrays = f"{len(labels)} arrays" if len(labels) > 1 else "an array"
    return f"{some} numbers in {arrays} move"


def _largest(moment: Moment, label: str) -> tuple[int, ...]:
    before, after = moment.before[label], moment.after[label]
    moved = abs(after.astype(np.float64) - before)
    return tuple(int(i) for i in np.unravel_index(int(moved.argmax()), before.shape))


def _table(moment: Moment, label: str) -> Block:
    before = moment.before[label]
    names = [label.rpartition(".")[2] + at(*map(int, place)) for place in np.ndindex(before.shape)]
    numbers = np.array([of[label].reshape(-1) for of in (moment.before, moment.used, moment.after)])
    return table(label, ["before", "gradient", "after"], names, numbers)


def _rate(moment: Moment) -> list[Block]:
    """The learning rate of the step, where a schedule changes it."""
    schedule, base = moment.recipe.schedule, moment.network.learning_rate
    if base and abs(moment.rate - base) > 1e-12 * base:
        factor = moment.rate / base
        says = f"schedule {schedule.name}: its factor at step {moment.step:,} of {moment.course.steps:,}"
        return [says, Equation("lr", "{} * {}", (("lr of the recipe", base), ("factor", factor)), moment.rate)]
    return []


def one_update(moment: Moment, one: One) -> list[Block]:
    """The links of the chain in their order, then the optimizer's rule."""
    *links, optimizer = moment.network.plan.question.chain
    parameter = next(p for p in moment.network.plan.parameters if p.label == one.label)
    rate = moment.rate * parameter.rate_factor
    known: Known = {"g": (f"d{one.name}", float(moment.gradients[one.label][one.place])), "lr": ("lr", rate),
                    "p": (one.name, float(moment.before[one.label][one.place]))}  # fmt: skip
    blocks: list[Block] = []
    if parameter.rate_factor != 1:
        blocks.append(Equation("lr", "{} * {}", (("lr", moment.rate), ("lr_factor", parameter.rate_factor)), rate))
    for link in links:
        blocks += _link(moment, link, known, parameter.decays)
    if optimizer.name not in RULES:
        before, g, after = known["p"][1], known["g"][1], float(moment.after[one.label][one.place])
        return [*blocks, f"{one.name} was {before:.4g}, its gradient {g:.4g}; {optimizer.name} makes it {after:.4g}",
                f"its rule: dllab optimizers {optimizer.name}"]  # fmt: skip
    return [*blocks, *_rule(moment, one, optimizer, known, parameter.decays)]


def _link(moment: Moment, link: Any, known: Known, decays: bool) -> list[Block]:
    """A clip or a penalty: what it makes of the gradient."""
    known = known if decays or link.name in ("clip_norm", "clip_value") else {}
    if not known:
        return [f"{link.name}: not for biases and gains"]
    if link.name == "clip_norm":
        if moment.norm <= link.max_norm:
            return [f"clip_norm: the whole gradient is {moment.norm:.4g} long, no more than {link.max_norm:g}: it stays"]
        says = f"clip_norm: the whole gradient is {moment.norm:.4g} long, more than {link.max_norm:g}"
        more = {"max": ("max_norm", link.max_norm), "norm": ("norm", moment.norm)}
        text = "{g} * {max} / {norm}"
    elif link.name == "clip_value":
        says, more, text = "clip_value", {"max": ("limit", link.limit)}, "min(max(-{max}, {g}), {max})"
    elif link.name == "weight_decay":
        more = {"s": ("strength", link.strength)}
        equation = _found(f"{known['p'][0]} decayed", "{p} * (1 - {lr} * {s})", {**known, **more})
        known["p"] = (equation.left, equation.value)
        return [equation]
    elif link.name in ("l1", "l2"):
        says, more = link.name, {"s": ("strength", link.strength)}
        text = "{g} + {s} * {p}" if link.name == "l2" else f"{{g}} + {np.sign(known['p'][1]):g} * {{s}}"
    else:
        return [f"{link.name}: see dllab optimizers {link.name}"]
    equation = _found("g", text, {**known, **more})
    known["g"] = ("g", equation.value)
    return [says, equation]


def _found(left: str, text: str, known: Known) -> Equation:
    """An equation whose value nothing keeps: it is what its operands give."""
    equation = fill(left, text, known, 0.0)
    return fill(left, text, known, equation.computed)


def _rule(moment: Moment, one: One, optimizer: Any, known: Known, decays: bool) -> list[Block]:
    known = {**known, "t": ("t", float(moment.step))}
    for option in ("beta", "beta1", "beta2", "rho", "eps"):
        if hasattr(optimizer, option):
            known[option] = (option, float(getattr(optimizer, option)))
    known["decay"] = ("weight_decay", float(getattr(optimizer, "weight_decay", 0.0)) * decays)
    rules = RULES["adam" if optimizer.name == "adamw" and not decays else optimizer.name]
    blocks: list[Block] = []
    state = {path.split("/")[2]: path for path in moment.state if path.split("/", 3)[3] == one.label
             and path.split("/")[1].partition(".")[0] == optimizer.name}  # fmt: skip
    for name, path in state.items():
        known[f"{name}_before"] = (f"{name}_before", float(moment.state_before[path][one.place]))
    for name, text in rules:
        if name == "p":
            blocks.append(fill(f"{one.name} after", text, known, float(moment.after[one.label][one.place])))
        elif name in state:
            value = float(moment.state[state[name]][one.place])
            blocks.append(fill(name, text, known, value))
            known[name] = (name, value)
        else:
            blocks.append(equation := _found(name, text, known))
            known[name] = (name, equation.value)
    return blocks
