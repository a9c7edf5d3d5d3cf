"""What is refused before anything is built: by its figure, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from dllab.recipe import RecipeError, load, parse

BODY = "input: [2]\nmodel: [tanh]\n"


def refused(text: str) -> str:
    with pytest.raises(RecipeError) as raised:
        parse(text, label="r.yaml")
    assert all(problem.hint for problem in raised.value.problems)
    return str(raised.value)


def refused_bytes(folder: Path, raw: bytes) -> str:
    path = folder / "r.yaml"
    path.write_bytes(raw)
    with pytest.raises(RecipeError) as raised:
        load(path)
    return str(raised.value).replace("\n  ", " ").replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BODY + "about: &a b\n", "r.yaml:3:8: an anchor (&a)"),
        (BODY + "about: *a\n", "r.yaml:3:8: an alias (*a)"),
        (BODY + "train: {<<: {epochs: 3}}\n", "r.yaml:3:9: a merge key (<<)"),
        (BODY + "about: !secret b\n", "r.yaml:3:8: a tag (!secret)"),
        (BODY + "about: !!str b\n", "r.yaml:3:8: a tag (!!str)"),
        (BODY + "model: [dense]\n", "r.yaml:3:1: the key 'model' twice: first on line 2, again on line 3"),
        (BODY + "about:\tb\n", "r.yaml:3:7: a tab character (1 in all)"),
        (BODY + "---\n" + BODY, "r.yaml:3:1: a second document"),
        ("%YAML 1.1\n---\n" + BODY, "r.yaml:2:1: a '%' directive"),
        ("%YAML 3.0\n---\n" + BODY, "r.yaml:1:1: a '%' directive"),
        (BODY + f"about: {'9' * 5000}\n", "r.yaml:3:8: a number of 5000 characters is out of range"),
        (BODY + f"about: {'[' * 65}{']' * 65}\n", "r.yaml:3:71: nested more than 64 levels deep"),
        (BODY + f"about: [{'1, ' * 20_001}]\n", ": more than 20,000 values"),
        (BODY + 'about: "\\ud800"\n', "r.yaml:3:8: half of a surrogate pair"),
        (BODY + 'about: "\\UFFFFFFFF"\n', "r.yaml:1:1: not readable as YAML"),
        (BODY + "about: a\x07b\n", "r.yaml:3:9: control character U+0007"),
        (BODY + "? [a, b]\n: c\n", "r.yaml:3:3: a key that is a list or a mapping"),
        ("- tanh\n- dense\n", "r.yaml:1:1: the recipe is a list, not a mapping"),
        ("spirals", "r.yaml:1:1: the recipe is one value, 'spirals', not a mapping"),
        ("# only a comment\n", "r.yaml: an empty recipe"),
        ("null\n", "r.yaml:1:1: the recipe is one value, nothing"),
    ],
)
def test_refused_texts(text: str, said: str) -> None:
    assert said in refused(text)


def test_64_levels_are_fine() -> None:
    assert "nested" not in refused(BODY + f"data: {'[' * 63}{']' * 63}\n")


def test_every_anchor_and_tag_at_once() -> None:
    assert refused("a: &x 1\nb: *x\nc: !!int 3\n<<: {a: 1}\n").count("r.yaml:") == 4


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a: \xff\n", "not UTF-8: byte 0xff on line 1"),
        (b"\xff\xfea\0:\0", "byte 4 is NUL"),
        (
            BODY.encode() + b"#" * (1 << 20),
            f"too large: {(1 << 20) + len(BODY):,} bytes a recipe has at most 1,048,576",
        ),
        (b"", "an empty recipe"),
    ],
)
def test_refused_files(tmp_path: Path, raw: bytes, said: str) -> None:
    assert said in refused_bytes(tmp_path, raw)


def test_a_byte_order_mark_and_other_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BODY.replace("\n", "\r\n").encode())
    assert load(path) == parse(BODY)


def test_positions_in_files_with_other_line_ends() -> None:
    assert "r.yaml:3:1: unknown key 'abuot'" in refused(BODY.replace("\n", "\r\n") + "abuot: x\r\n")


def test_deep_and_wide_texts_end_quickly() -> None:
    # Reading in quadratic time, or to the end, would take hours.
    for text in ["[" * 1_000_000, "{a: " * 250_000, "- " * 500_000, "a: [" + "x, " * 300_000]:
        refused(text)


def test_dicts_have_limits_too() -> None:
    loop: dict[str, object] = {}
    loop["a"] = loop
    for data in [loop, {"about": 2**70}, {"about": object()}, {"about": "\ud800"}, {3: 4}]:
        with pytest.raises(RecipeError):
            load(data)  # type: ignore[arg-type]
