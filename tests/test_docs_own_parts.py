"""docs/own-parts.md is true: its commands, recipe and Python are run one after the other."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from marks import compiled_only

import dllab

ROOT = Path(__file__).parent.parent


@compiled_only
def test_what_the_page_says_works(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "own-parts.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ dllab (.+)$", text, re.MULTILINE)
    assert len(commands) == 3
    for line in commands:
        done = subprocess.run(
            [sys.executable, "-m", "dllab", *shlex.split(line)], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "swirl.py").is_file()
    (recipe,) = re.findall(r"```yaml own\n(.*?)```", text, re.DOTALL)
    (tmp_path / "mine.yaml").write_text(recipe)
    assert dllab.train(tmp_path / "mine.yaml", trust=True, save=False).metrics["test"]["accuracy"] > 0.9
    (code,) = re.findall(r"```python own\n(.*?)```", text, re.DOTALL)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=300)
