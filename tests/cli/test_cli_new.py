"""`dllab new`, and recipes that use parts of the user's own, on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminals import environment, piped

from dllab.cli.new import KINDS

RECIPE = """\
use: [bent.py]
data: moons
model: [dense: 8, bent, dense: classes]
train: {epochs: 4}
"""
REFUSED = """\
r.yaml:1:7: this recipe runs files of its own: bent.py
    1 | use: [bent.py]
      |       ^^^^^^^
  a recipe may come from anyone, and these files are programs: read them, then
  give --trust (in Python: trust=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert piped(tmp_path, "new", "activation", "bent").code == 0
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path


@pytest.mark.parametrize("command", ["train", "gradcheck", "summary"])
def test_refused_without_trust(folder: Path, command: str) -> None:
    done = piped(folder, command, "r.yaml")
    assert (done.code, done.out, done.err) == (2, "", REFUSED)
    assert piped(folder, command, "r.yaml", "--trust").code == 0


def test_it_says_what_comes_next(tmp_path: Path) -> None:
    done = piped(tmp_path, "new", "layer", "my_layer")
    assert done.code == 0 and not done.err
    assert done.out == (
        "wrote my_layer.py\n\nIn a recipe:\n  use: [my_layer.py]\n  model: [dense: 8, my_layer, dense: classes]\n\n"
        "Try next:\n  dllab gradcheck my_layer.py --trust  its gradients, by differences\n"
        "  dllab layers my_layer.py --trust     its page\n"
    )
    assert "class MyLayer(Layer):" in (tmp_path / "my_layer.py").read_text()
    found = json.loads(piped(tmp_path, "gradcheck", "my_layer.py", "--trust", "--json").out)
    assert found["passed"] and {check["layer"] for check in found["checks"]} == {"my_layer"}
    assert {check["parameter"] for check in found["checks"]} == {"scale", "x"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("layer", "bent"), "dllab: bent.py is there already, and stays as it is\n"
                            "  take another name, or move the file away\n"),
        (("layer", "dense"), "dllab: there is 'dense' among the layers already\n"
                             "  `dllab layers dense` shows it; take another name\n"),
        (("leyer", "x"), "dllab: there is no kind of part 'leyer'. Did you mean 'layer'?\n"
                         "  kinds: layer, activation, loss, optimizer, schedule, dataset, augmentation\n"),
        (("loss", "My Loss"), "dllab: 'My Loss' cannot name a part\n"
                              "  a name is small letters, digits and _, and begins with a letter\n"),
        (("loss", "class"), "dllab: 'class' cannot name a part\n"
                            "  a name is small letters, digits and _, and begins with a letter\n"),
    ],
)  # fmt: skip
def test_refusals(folder: Path, arguments: tuple[str, str], said: str) -> None:
    before = (folder / "bent.py").read_text()
    done = piped(folder, "new", *arguments)
    assert (done.code, done.out, done.err) == (2, "", said)
    assert (folder / "bent.py").read_text() == before


def test_a_file_is_a_program_too(folder: Path) -> None:
    done = piped(folder, "gradcheck", "bent.py")
    assert done.code == 2
    assert done.err == "bent.py: this is a program\n  read it, then give --trust: dllab runs it to see what it defines\n"
    assert piped(folder, "new", "optimizer", "walk").code == 0
    done = piped(folder, "gradcheck", "walk.py", "--trust")
    assert done.code == 2 and "has no layer or loss" in " ".join(done.err.split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_an_own_part(tmp_path: Path, kind: str) -> None:
    family = KINDS[kind][0]
    assert piped(tmp_path, "new", kind, "swirl").code == 0
    done = piped(tmp_path, family, "swirl.py", "--trust")
    assert done.code == 0, done.err
    assert done.out.startswith("swirl  (") and "\nSource: " in done.out
    found = json.loads(piped(tmp_path, family, "swirl.py", "--trust", "--json").out)["parts"]
    assert [part["name"] for part in found] == ["swirl"] and all(option["means"] for option in found[0]["options"])
    assert piped(tmp_path, family, "swirl.py").code == 2
    other = "metrics" if family != "metrics" else "losses"
    refused = piped(tmp_path, other, "swirl.py", "--trust")
    assert refused.code == 2 and f"dllab {family} swirl.py --trust" in " ".join(refused.err.split())


def test_a_wrong_gradient_is_found(folder: Path) -> None:
    path = folder / "bent.py"
    path.write_text(path.read_text().replace("dx[i] = dy[i] *", "dx[i] = 2 * dy[i] *"))
    done = piped(folder, "gradcheck", "bent.py", "--trust")
    assert done.code == 1 and "FAILED" in done.out


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("y[i] = x[i] *", "y[i] = x.nothing *", "Unknown attribute 'nothing'"),
        ("y[i] = x[i] *", "y[i] = np.exp(x[i]) *", "NameError: name 'np' is not defined"),
        ("kernels = (forward, backward)", "kernels = (forward, missing)", "NameError: name 'missing' is not defined"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_name(folder: Path, before: str, after: str, said: str) -> None:
    path = folder / "bent.py"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    done = piped(folder, "train", "r.yaml", "--trust", "-q")
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    told = " ".join(done.err.split())
    assert said in told and "bent.py" in told


def test_kernels_of_own_parts_are_kept(folder: Path) -> None:
    """The second start compiles nothing: it does not even import the compiler."""
    code = "import sys, dllab\ndllab.train('r.yaml', trust=True, save=False)\nprint('numba' in sys.modules)\n"
    env = {**environment(folder), "DLLAB_CACHE": str(folder / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)}
    said = [
        subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said == ["True\n", "False\n"]
    assert any("dllab_own_bent" in path.name for path in (folder / "cache").rglob("*"))


def test_a_file_that_has_changed_since_is_named(folder: Path) -> None:
    assert piped(folder, "train", "r.yaml", "--trust", "-q").code == 0
    path = folder / "bent.py"
    path.write_text(path.read_text() + "\n# changed\n")
    done = piped(folder, "eval", "last", "--trust")
    assert done.code == 0
    said = " ".join(done.err.replace(str(path), "FILE").split())
    assert said == "dllab: FILE is not what it was when this net was trained\n".strip()


def test_starting_files_come_with_the_package() -> None:
    import dllab.templates

    there = {path.stem for path in Path(dllab.templates.__file__).parent.glob("*.py")}
    assert there - {"__init__"} == set(KINDS)


def test_commands_that_read_a_recipe_take_trust(folder: Path) -> None:
    """The refusal says to give it; and what comes next is told with it."""
    for command in (["init", "r.yaml", "mine.yaml"], ["recipes", "r.yaml"]):
        assert piped(folder, *command).err == REFUSED
        done = piped(folder, *command, "--trust")
        assert done.code == 0, done.err
        assert "--trust" in done.out
    assert piped(folder, "train", "mine.yaml", "--trust", "-q").code == 0
