"""Command lines that are refused because of texts, series and words, and files of these that are damaged."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
from error_cases import Case, Files, recipe, swapped

MODEL = "model: [flatten, {dense: outputs}]\n"
WORDS = "the cat sat on the mat " * 30
DAYS = "day,sold,price,place\n" + "".join(f"2024-01-{i % 28 + 1:02},{i * 7 % 11}.5,{i}.25,here\n" for i in range(60))
GAPS = "v\n" + "".join("\n" if i % 5 == 0 else f"{i * 7 % 11}\n" for i in range(60)).replace("\n\n", "\nNA\n")


def text(content: bytes | str, *options: str) -> Case:
    """A text that is refused."""
    return " ".join(["datasets text file=my.txt", *options]), {"my.txt": content}


def pairs(content: str, *options: str) -> Case:
    """A text whose pairs of words are refused."""
    return " ".join(["datasets word_pairs file=my.txt", *options]), {"my.txt": content}


def series(content: str, *options: str) -> Case:
    """A table of series that is refused."""
    return " ".join(["datasets series file=my.csv", *options]), {"my.csv": content}


def given(line: str, **files: str) -> Case:
    """A line that is refused."""
    found: Files = dict(files)
    return line, found


SEQUENCES: list[Case] = [
    text(b""), text(b"\xff\xfea\0b\0"), text("für\n".encode("latin-1")), text(gzip.compress(b"a text")), text("short\n"),
    text(WORDS, "length=500"), text(WORDS, "length=40", "test=0.01"), text(WORDS, "length=40", "validation=0.01"),
    text(WORDS, "copies=2"), text(WORDS, "words=9"), text(WORDS, "only=[a,t]"), text(WORDS, "per_class=3"),
    text(WORDS, "standardise=true"), text(WORDS, "reconstruct=true"), text(WORDS, "length=0"), text(WORDS, "masked=1"),
    text("ab" * 50_000, "length=1000", "stride=1"),
    text("ab" * 50_000, "length=1000", "task=masked", "copies=1000"),
    given("datasets text file=none.txt"), given("datasets text file=folder"), given("datasets show none.txt"),
    given("datasets show glove10k"), given("datasets wordeval"),
    recipe(f"data: {{text: none.txt, level: word}}\n{MODEL}"), recipe(f"data: {{text: my.yaml, file: t.csv}}\n{MODEL}"),
    recipe(f"data: {{text: my.yaml, levle: word}}\n{MODEL}"), recipe(f"data: {{text: 3, level: word}}\n{MODEL}"),
    recipe(f"data: {{name: text, level: word}}\n{MODEL}"),
    pairs("one\n\ntwo\n\nthree\n", "test=0"), pairs("one two " * 20 + "\n\nx", "subsample=0", "test=0.05"),
    pairs("", "task=cbow"), given("datasets word_pairs task=cbov"), given("datasets word_pairs window=0"),
    given("datasets names which=male task=classify"), given("datasets names which=boys"),
    recipe(f"data: sunspots\n{MODEL}train: {{folds: 3}}\n", "train r.yaml -q --no-save"),
    recipe(f"data: languages\n{MODEL}train: {{folds: 3}}\n", "train r.yaml -q --no-save"),
    series(DAYS), series(DAYS, "target=day"), series(DAYS, "target=place"), series(DAYS, "target=sould"),
    series(DAYS, "target=sold", "features=[price,colour]"), series(DAYS, "target=sold", "window=30"),
    series(DAYS, "target=sold", "window=50"), series(DAYS, "target=sold", "horizon=0"),
    series(DAYS.replace("8.5", "a lot"), "target=sold"),
    series(GAPS), series(GAPS, "gaps=skip", "window=4"), series("a,b\nx,y\nx,z\n"), series(""), series("v\n"),
    given("datasets series file=none.csv"), given("datasets airline difference=40"), given("datasets co2 gaps=fill"),
]  # fmt: skip


def more(name: str, end: bytes) -> Callable[[Path], object]:
    """A data file that came with the lab has something more at its end."""

    def act(shipped: Path) -> None:
        content = (shipped / name).read_bytes()
        packed = name.endswith(".gz")
        text = (gzip.decompress(content) if packed else content) + end
        (shipped / name).write_bytes(gzip.compress(text, 0) if packed else text)

    return act


def other_arrays(shipped: Path) -> None:
    """Voices with a step too few."""
    with np.load(shipped / "japanese_vowels.npz") as file:
        arrays = dict(file)
    np.savez(shipped / "japanese_vowels.npz", **{**arrays, "steps": arrays["steps"][1:]})


def other_vectors(shipped: Path) -> None:
    """Vectors of fewer numbers."""
    np.savez(shipped / "glove10k-vectors.npz", vec=np.zeros((10_000, 49), np.float16))


SHIPPED: list[tuple[str, Callable[[Path], object]]] = [
    ("datasets shakespeare8", more("shakespeare8.txt.gz", b"Exeunt")),
    ("datasets kjv", more("kjv_verses.txt.gz", b"Rev22:22 And")),
    ("datasets names", more("names-male.txt", b"Zzyzx")),
    ("datasets names", swapped("names-male.txt", b"Aaron", b"Aar_n")),
    ("datasets cmudict", more("cmudict_20k_nostress.txt.gz", b"zzyzx Z IH Z IH K S\n")),
    ("datasets cmudict", swapped("cmudict_20k_nostress.txt.gz", b"aargh AA R G", b"aargh")),
    ("datasets cmudict", swapped("cmudict_20k_nostress.txt.gz", b"aargh AA R G", b"aargh AA R XX")),
    ("datasets languages", more("languages.tsv", b"Klingon\tHegh neH chav qoH.\n")),
    ("datasets languages", swapped("languages.tsv", b"English", b"Klingon")),
    ("datasets japanese_vowels", other_arrays),
    ("datasets japanese_vowels", lambda shipped: (shipped / "japanese_vowels.npz").write_bytes(b"PK")),
    ("datasets sunspots", more("sunspots.csv", b"2009,3\n")),
    ("datasets sunspots", swapped("sunspots.csv", b"YEAR", b"year")),
    ("datasets co2", swapped("co2.csv", b"19580329,316.1", b"19580329")),
    ("neighbours glove10k king", other_vectors),
]
