"""Explanations of cells and of attention say what plain numpy gives: forward, and back through time and the softmax."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from marks import compiled_only

from dllab.lab.explain import explain
from dllab.lab.explain_asked import Asked
from dllab.lab.explain_step import Moment
from dllab.lab.explanation import Explained
from dllab.recipe import load

pytestmark = compiled_only

Numbers = dict[str, float]
LAYER = "cell"


@cache
def moment(layer: str) -> Moment:
    model = f"model=[embedding: 4, {layer.replace('}', ', name: ' + LAYER + '}')}, dense: classes]"
    return Moment(load("names-gru", [model, "train.batch=4"]), 20)


def shown(found: Explained) -> Numbers:
    """All left sides of the layer with their values; of several of one name the last."""
    return {equation.left: equation.value for section in found.sections for equation in section.equations}


def given(at: Moment, n: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], int]:
    """X, dy, the parameters by their short names, and how many steps there are, of an example."""
    dy = at.inside.output_gradient(LAYER)
    lengths = at.inside.lengths(LAYER)
    assert dy is not None and lengths is not None
    weights = {label.rpartition(".")[2]: w.astype(float) for label, w in at.before.items() if label.startswith(LAYER)}
    return at.inside.input(LAYER)[n].astype(float), dy[n].astype(float), weights, int(lengths[n])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def place(found: Explained) -> tuple[int, int]:
    """The time step and the unit that are told of, from 0."""
    says = next(section.says for section in found.sections if section.path == LAYER)
    words = says.partition("; ")[2].split()
    return int(words[words.index("step") + 1]) - 1, int(words[1]) - 1


def near(found: Numbers, expected: Numbers) -> None:
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=2e-4, abs=1e-9)


@pytest.mark.parametrize("unit", [None, 1, 2, 3])
def test_lstm(unit: int | None) -> None:
    at = moment("lstm: {units: 3}")
    for n in range(2):
        found = explain(at, Asked(n, LAYER, unit))
        x, dy, w, steps = given(at, n)
        t, j = place(found)
        h, c, gates = np.zeros((steps + 1, 3)), np.zeros((steps + 1, 3)), np.zeros((steps, 4, 3))
        for s in range(steps):
            i, f, g, o = np.split(x[s] @ w["wx"] + h[s - 1] * (s > 0) @ w["wh"] + w["b"], 4)
            gates[s] = i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            c[s] = f * (c[s - 1] if s else 0) + i * g
            h[s] = o * np.tanh(c[s])
        i, f, g, o = gates[t][:, j]
        known = {"i": i, "f": f, "g": g, "o": o, f"c[{j + 1}]": c[t, j], f"h[{j + 1}]": h[t, j]}
        later, after = np.zeros(3), np.zeros(3)
        for s in range(steps - 1, t - 1, -1):
            i, f, g, o = gates[s]
            before = c[s - 1] if s else np.zeros(3)
            dh = dy[s] + later
            dc = dh * o * (1 - np.tanh(c[s]) ** 2) + after
            sums = dc * g * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - g**2), dh * np.tanh(c[s]) * o * (1 - o)
            came, later, after = later, w["wh"] @ np.concatenate(sums), dc * f
        known |= {"dh": dh[j], "dc": dc[j], **{f"dsum_{gate}": of[j] for gate, of in zip("ifgo", sums)}}
        known |= {"dh_later": came[j]} if t < steps - 1 else {}
        known |= {"for dh_before": later[j], "for dc_before": after[j]} if t else {}
        near(shown(found), known)


@pytest.mark.parametrize("unit", [None, 1, 3])
def test_gru(unit: int | None) -> None:
    at = moment("gru: {units: 3}")
    found = explain(at, Asked(1, LAYER, unit))
    x, dy, w, steps = given(at, 1)
    t, j = place(found)
    h, gates = np.zeros((steps + 1, 3)), np.zeros((steps, 4, 3))
    for s in range(steps):
        before = h[s - 1] if s else np.zeros(3)
        of_x, of_h = np.split(x[s] @ w["wx"] + w["b"], 3), np.split(before @ w["wh"], 3)
        r, z, a = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1]), of_h[2] + w["bh"]
        n = np.tanh(of_x[2] + r * a)
        gates[s], h[s] = (r, z, n, a), (1 - z) * n + z * before
    r, z, n, a = gates[t][:, j]
    known, later = {"r": r, "z": z, "n": n, "a": a, f"h[{j + 1}]": h[t, j]}, np.zeros(3)
    for s in range(steps - 1, t - 1, -1):
        r, z, n, a = gates[s]
        before = h[s - 1] if s else np.zeros(3)
        dh = dy[s] + later
        dn = dh * (1 - z) * (1 - n**2)
        dz, dr = dh * (before - n) * z * (1 - z), dn * a * r * (1 - r)
        came, later = later, dh * z + w["wh"] @ np.concatenate([dr, dz, dn * r])
    known |= {"dh": dh[j], "dsum_n": dn[j], "dsum_z": dz[j], "dsum_r": dr[j], "da": (dn * r)[j]}
    known |= {"dh_later": came[j]} if t < steps - 1 else {}
    known |= {"for dh_before": later[j]} if t else {}
    near(shown(found), known)


def test_rnn() -> None:
    at = moment("rnn: {units: 3}")
    found = explain(at, Asked(2, LAYER, 2))
    x, dy, w, steps = given(at, 2)
    t, j = place(found)
    h = np.zeros((steps + 1, 3))
    for s in range(steps):
        h[s] = np.tanh(x[s] @ w["wx"] + (h[s - 1] if s else 0 * h[0]) @ w["wh"] + w["b"])
    later = np.zeros(3)
    for s in range(steps - 1, t - 1, -1):
        dh = dy[s] + later
        dsum = dh * (1 - h[s] ** 2)
        later = w["wh"] @ dsum
    near(shown(found), {f"h[{j + 1}]": h[t, j], "dh": dh[j], "dsum": dsum[j]})


@pytest.mark.parametrize("unit", [None, 1, 4])
def test_attention(unit: int | None) -> None:
    at = moment("attention: {heads: 2, causal: true}")
    found = explain(at, Asked(0, LAYER, unit))
    x, dy, w, steps = given(at, 0)
    says = next(section.says for section in found.sections if section.path == LAYER).replace(",", "").split()
    head, t = (int(says[says.index(word) + 1]) - 1 for word in ("head", "step"))
    assert t > 0, "a query that sees one step explains nothing"
    q, k, v = (x @ w[f"w{letter}"] + w[f"b{letter}"] for letter in "qkv")
    shares, taken, own = np.zeros((2, len(x), len(x))), np.zeros_like(x), slice(2 * head, 2 * head + 2)
    for one in range(2):
        part = slice(2 * one, 2 * one + 2)
        for row in range(len(x)):
            seen = min(row + 1, steps)
            scores = q[row, part] @ k[:seen, part].T / np.sqrt(2)
            shares[one, row, :seen] = np.exp(scores) / np.exp(scores).sum()
        taken[:, part] = shares[one] @ v[:, part]
    do = dy @ w["wo"].T
    p, dp = shares[head], do[:, own] @ v[:, own].T
    ds = p * (dp - (p * dp).sum(-1, keepdims=True)) / np.sqrt(2)
    best = int(p[t].argmax())
    known = {f"p[{t + 1},{best + 1}]": p[t, best], f"ds[{t + 1},{best + 1}]": ds[t, best],
             f"dp[{t + 1},{best + 1}]": dp[t, best]}  # fmt: skip
    dq, dk, dv = ds @ k[:, own], ds.T @ q[:, own], p.T @ do[:, own]
    for i, column in enumerate(range(own.start, own.stop)):
        whole = {"q": (t, q[t, column]), "k": (best, k[best, column]), "v": (best, v[best, column]),
                 "dq": (t, dq[t, i]), "dk": (best, dk[best, i]), "dv": (best, dv[best, i]),
                 "o": (t, taken[t, column]), "do": (t, do[t, column])}  # fmt: skip
        names = {f"{name}[{step + 1},{column + 1}]": float(value) for name, (step, value) in whole.items()}
        known |= {name: value for name, value in names.items() if name in shown(found)}
    assert sum(name.split("[")[0] in ("q", "k", "v", "dq", "dk", "dv", "o", "do") for name in known) == 8
    near(shown(found), known)
