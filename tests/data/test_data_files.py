"""The shipped files: each has a card that tells the truth, and a damaged one is named."""

import gzip
import hashlib
import re
import shutil

import numpy as np
import pytest

from dllab import places
from dllab.data.digits import Digits
from dllab.data.iris import Iris
from dllab.data.mnist10k import Mnist10k
from dllab.places import folder

HERE = folder("datasets")
CARDS = sorted(HERE.glob("*.md"))
FILES = sorted(path for path in HERE.iterdir() if path.is_file() and path.suffix != ".md")
LICENCES = sorted((HERE / "licences").iterdir())
SOURCES = {"iris": Iris, "digits": Digits, "mnist10k": Mnist10k}


def listed(card):
    """The rows of a card's table of files: {file: (bytes, sha256)}."""
    rows = re.findall(r"^\| (\S+) \| (\d+) \| ([0-9a-f]{64}) \|$", card.read_text(), re.MULTILINE)
    return {file: (int(size), digest) for file, size, digest in rows}


def test_every_file_is_on_exactly_one_card_and_every_card_has_files():
    on_cards = [file for card in CARDS for file in listed(card)]
    assert sorted(on_cards) == [path.name for path in FILES]
    assert all(listed(card) for card in CARDS)
    assert all(file.startswith(card.stem) for card in CARDS for file in listed(card))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_a_card_gives_the_true_size_and_sha256(card):
    for file, (size, digest) in listed(card).items():
        content = (HERE / file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_a_card_has_its_sections_source_version_and_licence(card):
    text = card.read_text()
    assert text.startswith(f"# {card.stem}\n")
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections == ["Rows and columns", "Task", "Files", "Source", "Licence and credit"]
    source = text.split("## Source")[1].split("##")[0]
    assert re.search(r"(PyPI|npm|Debian) package \S+ \d+\.\d+", source)
    licence = text.split("## Licence and credit")[1]
    assert "https://creativecommons.org/licenses/" in licence
    assert re.findall(r"licences/\S+\.txt", licence)


def test_licence_texts_exist_for_the_cards_that_name_them_and_for_no_others():
    named = {name for card in CARDS for name in re.findall(r"licences/(\S+\.txt)", card.read_text())}
    assert named == {path.name for path in LICENCES}
    assert all("Copyright (c)" in path.read_text() for path in LICENCES)


@pytest.mark.parametrize("name", SOURCES)
def test_a_card_counts_rows_and_classes_as_the_data_do(name):
    data, text = SOURCES[name]().load(), (HERE / f"{name}.md").read_text()
    assert f"{data.rows:,} rows" in text
    assert f"{np.prod(data.input_shape)} " in text and f"in, {data.outputs} classes out" in text
    assert name in {card.stem for card in CARDS}


def test_every_card_belongs_to_a_source():
    assert {card.stem for card in CARDS} == set(SOURCES)


def test_iris_facts():
    data = Iris().load()
    inputs, targets = data.columns["inputs"], data.columns["targets"]
    assert np.bincount(targets).tolist() == [50, 50, 50]
    np.testing.assert_allclose(inputs.mean(axis=0), [5.8433, 3.0573, 3.7580, 1.1993], atol=1e-4)
    np.testing.assert_allclose(inputs[34], [4.9, 3.1, 1.5, 0.2])  # Fisher's row; the UCI copy has 0.1 at the end
    assert Iris().prepare().shift is not None and Iris(standardise=False).prepare().shift is None


def test_digits_facts():
    data = Digits(flatten=False).load()
    images, targets = data.columns["inputs"], data.columns["targets"]
    assert images.shape == (1797, 8, 8) and images.dtype == np.uint8 and images.max() == 16
    assert np.bincount(targets).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    np.testing.assert_array_equal(Digits().load().columns["inputs"].reshape(-1, 8, 8), images)
    prepared = Digits().prepare()
    assert prepared.seen(np.arange(1797)).max() == 1.0 and set(prepared.scale) == {np.float32(1 / 16)}


def test_mnist10k_facts():
    prepared = Mnist10k(flatten=False).prepare()
    images, targets = (prepared.dataset.columns[column] for column in ("inputs", "targets"))
    assert images.shape == (10000, 28, 28) and images.dtype == np.uint8 and (images.min(), images.max()) == (0, 255)
    assert np.bincount(targets).tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert targets[:10].tolist() == [9, 0, 2, 5, 2, 8, 5, 6, 2, 3]
    np.testing.assert_array_equal(prepared.splits.test, np.arange(8000, 10000))
    assert len(np.unique(images.reshape(10000, -1), axis=0)) == 10000
    np.testing.assert_array_equal(Mnist10k().load().columns["inputs"], images.reshape(10000, 784))
    assert set(prepared.scale) == {np.float32(1 / 255)} and not prepared.shift.any()


def test_mnist10k_takes_validation_from_its_8000_training_rows():
    splits = Mnist10k(validation=0.1).prepare().splits
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (7000, 1000, 2000)
    assert splits.validation.max() < 8000


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """A package folder whose shipped data files may be damaged."""
    shutil.copytree(HERE, tmp_path / "shipped" / "datasets")
    monkeypatch.setattr(places, "PACKAGE", tmp_path)
    return tmp_path / "shipped" / "datasets"


def truncate(content):
    return content[: len(content) // 2]


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def repack(change):
    return lambda content: gzip.compress(change(gzip.decompress(content)), compresslevel=1)


DAMAGE = [
    ("iris.csv", Iris, truncate, "has 7[0-9] rows, not 150"),
    ("iris.csv", Iris, lambda content: b"", "first line must be"),
    ("iris.csv", Iris, lambda content: content.replace(b"virginica", b"virginia"), "first line must be"),
    ("iris.csv", Iris, lambda content: content.replace(b"5.9,3.0", b"5.9;3.0"), "columns"),
    (
        "iris.csv",
        Iris,
        lambda content: content.replace(b"5.1,1.8,2", b"5.1,1.8,7"),
        "labels 0..7 for 3 classes",
    ),
    ("digits.csv.gz", Digits, truncate, "end-of-stream"),
    ("digits.csv.gz", Digits, flip, ""),
    ("digits.csv.gz", Digits, repack(lambda text: text.replace(b",16,", b",17,", 1)), "a pixel above 16"),
    ("digits.csv.gz", Digits, repack(lambda text: b"\n".join(r[2:] for r in text.split(b"\n"))), "has 64 columns"),
    ("mnist10k-images-idx3-ubyte.gz", Mnist10k, truncate, "end-of-stream"),
    ("mnist10k-images-idx3-ubyte.gz", Mnist10k, flip, ""),
    ("mnist10k-images-idx3-ubyte.gz", Mnist10k, repack(lambda data: data[:-784]), "not an IDX file of 10000 x 28 x 28"),
    ("mnist10k-labels-idx1-ubyte.gz", Mnist10k, repack(lambda data: b"\1" + data[1:]), "not an IDX file of 10000"),
    (
        "mnist10k-labels-idx1-ubyte.gz",
        Mnist10k,
        repack(lambda data: data[:6] + b"\0\7" + data[8:]),
        "not an IDX file of 10000",
    ),
]


@pytest.mark.parametrize(("file", "source", "change", "message"), DAMAGE)
def test_a_damaged_file_is_refused_by_name(copies, file, source, change, message):
    path = copies / file
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=rf"data file .*{file} is damaged: .*{message}.*; reinstall dllab"):
        source().load()


@pytest.mark.parametrize(("file", "source"), [("iris.csv", Iris), ("mnist10k-labels-idx1-ubyte.gz", Mnist10k)])
def test_a_missing_file_is_named(copies, file, source):
    (copies / file).unlink()
    with pytest.raises(ValueError, match=f"{file} is missing; reinstall dllab"):
        source().load()


def test_the_copy_inside_the_package_comes_before_the_checkout(tmp_path, monkeypatch):
    package = tmp_path / "dllab"
    (tmp_path / "recipes").mkdir()
    monkeypatch.setattr(places, "PACKAGE", package)
    assert folder("recipes") == tmp_path / "recipes"
    (package / "shipped" / "recipes").mkdir(parents=True)
    assert folder("recipes") == package / "shipped" / "recipes"


def test_an_installation_without_the_folder_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "dllab")
    with pytest.raises(FileNotFoundError, match=r"datasets are missing: expected .*shipped.* or .*Reinstall dllab"):
        folder("datasets")
