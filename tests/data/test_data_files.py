"""The shipped files: each has a card that tells the truth, and a damaged one is named."""

import gzip
import hashlib
import re
import shutil

import numpy as np
import pytest

from dllab import places
from dllab.data.airline import Airline
from dllab.data.autompg import AutoMpg
from dllab.data.breast_cancer import BreastCancer
from dllab.data.cmudict import CmuDict
from dllab.data.co2 import Co2
from dllab.data.concrete import Concrete
from dllab.data.diabetes import Diabetes
from dllab.data.digits import Digits
from dllab.data.fashion6k import Fashion6k
from dllab.data.iris import Iris
from dllab.data.japanese_vowels import JapaneseVowels
from dllab.data.kjv import Kjv
from dllab.data.languages import Languages
from dllab.data.mnist10k import Mnist10k
from dllab.data.names import Names
from dllab.data.penguins import Penguins
from dllab.data.seattle_weather import SeattleWeather
from dllab.data.shakespeare8 import Shakespeare8
from dllab.data.sonar import Sonar
from dllab.data.sunspots import Sunspots
from dllab.data.wine import Wine
from dllab.places import folder

HERE = folder("datasets")
CARDS = sorted(HERE.glob("*.md"))
FILES = sorted(path for path in HERE.iterdir() if path.is_file() and path.suffix != ".md")
LICENCES = sorted((HERE / "licences").iterdir())
SOURCES = {
    "iris": Iris, "wine": Wine, "breast_cancer": BreastCancer, "sonar": Sonar, "diabetes": Diabetes,
    "concrete": Concrete, "autompg": AutoMpg, "digits": Digits, "mnist10k": Mnist10k, "fashion6k": Fashion6k,
    "penguins": Penguins,
}  # fmt: skip
SEQUENCES = {
    "names": Names, "cmudict": CmuDict, "languages": Languages, "japanese_vowels": JapaneseVowels,
    "shakespeare8": Shakespeare8, "kjv": Kjv, "sunspots": Sunspots, "airline": Airline, "seattle_weather": SeattleWeather,
    "co2": Co2,
}  # fmt: skip
ONLY_FILES = ("glove10k", "wordeval")  # which commands read: test_data_words.py
NO_OPEN_LICENCE = {
    "airline": "states no data licence",
    "japanese_vowels": "the licence of this set is not confirmed",
    "wordeval": "the licence of this set is not confirmed",
    "sonar": "the licence of this set is not confirmed",
    "concrete": "the licence of this set is not confirmed",
    "autompg": "the licence of this set is not confirmed",
    "diabetes": "states no data licence",
}
"""Sets whose card must say that nobody has told how they may be used."""
STATED = (
    "https://creativecommons.org/licenses/", "under the MIT licence: licences/fashion-mnist", "https://opendatacommons.org/",
    "may be reproduced freely", "may be used and passed on with its notice",
)  # fmt: skip


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
    words = " ".join(licence.split())
    free = "https://creativecommons.org/publicdomain/" in words  # no text has to travel with what is free of rights
    assert free or re.findall(r"licences/\S+\.txt", licence)
    stated = any(statement in words for statement in STATED)
    assert (stated or free) == (card.stem not in NO_OPEN_LICENCE)
    assert NO_OPEN_LICENCE.get(card.stem, "") in words


def test_licence_texts_exist_for_the_cards_that_name_them_and_for_no_others():
    named = {name for card in CARDS for name in re.findall(r"licences/(\S+\.txt)", card.read_text())}
    assert named == {path.name for path in LICENCES}
    assert all(re.search(r"Copyright( \(c\)|:|  +:)? ", path.read_text()) for path in LICENCES)


@pytest.mark.parametrize("name", SOURCES)
def test_a_card_counts_rows_and_classes_as_the_data_do(name):
    data, text = SOURCES[name]().load(), (HERE / f"{name}.md").read_text()
    assert f"{data.rows:,} rows" in text
    out = f"{data.outputs} classes out" if data.classes else "1 number out"
    assert f" {np.prod(data.input_shape)} " in text and f"in, {out}" in text
    assert name in {card.stem for card in CARDS}


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_card_counts_rows_and_steps_of_sequences(name):
    data, text = SEQUENCES[name]().load(), " ".join((HERE / f"{name}.md").read_text().split())
    assert f"{data.rows:,} rows" in text
    if data.vocabulary:
        assert name == "kjv" or f"{len(data.classes)} classes" in text or f"{len(data.classes) - 1} symbols" in text
    else:
        assert f"{data.input_shape[0]} x {data.input_shape[1]} numbers in, {data.outputs} " in text


def test_every_card_belongs_to_a_source():
    assert {card.stem for card in CARDS} == {*SOURCES, *SEQUENCES, *ONLY_FILES}


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
    assert images.shape == (1797, 8, 8, 1) and images.dtype == np.uint8 and images.max() == 16
    assert np.bincount(targets).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert images[0, 0, :, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    np.testing.assert_array_equal(Digits().load().columns["inputs"].reshape(images.shape), images)
    prepared = Digits().prepare()
    assert prepared.seen(np.arange(1797)).max() == 1.0 and set(prepared.scale) == {np.float32(1 / 16)}


def test_mnist10k_facts():
    prepared = Mnist10k(flatten=False).prepare()
    images, targets = (prepared.dataset.columns[column] for column in ("inputs", "targets"))
    assert images.shape == (10000, 28, 28, 1) and images.dtype == np.uint8 and (images.min(), images.max()) == (0, 255)
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


def inputs_and_targets(source):
    columns = source().load().columns
    return columns["inputs"].astype(np.float64), columns["targets"]


def test_wine_facts():
    inputs, targets = inputs_and_targets(Wine)
    assert np.bincount(targets).tolist() == [59, 71, 48]
    np.testing.assert_allclose(inputs[0], [14.23, 1.71, 2.43, 15.6, 127, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065])
    np.testing.assert_allclose(inputs[-1, [0, 12]], [14.13, 560])
    np.testing.assert_allclose(inputs.mean(axis=0)[[0, 10, 12]], [13.0006, 0.95745, 746.893], rtol=1e-4)


def test_breast_cancer_facts():
    inputs, targets = inputs_and_targets(BreastCancer)
    assert np.bincount(targets).tolist() == [212, 357] and BreastCancer().load().classes == ("malignant", "benign")
    np.testing.assert_allclose(inputs[0, :4], [17.99, 10.38, 122.8, 1001])
    np.testing.assert_allclose(inputs[:, [0, 20]].max(axis=0), [28.11, 36.04])
    features = BreastCancer().load().features
    assert (features[0], features[10], features[29]) == ("mean radius", "radius error", "worst fractal dimension")


def test_sonar_facts():
    inputs, targets = inputs_and_targets(Sonar)
    assert targets.tolist() == [0] * 97 + [1] * 111 and Sonar().load().classes == ("rock", "mine")
    np.testing.assert_allclose(inputs[0, [0, 1, 2, 59]], [0.02, 0.0371, 0.0428, 0.0032], rtol=1e-6)
    assert (inputs.min(), inputs.max()) == (0, 1)


def test_diabetes_facts():
    inputs, targets = inputs_and_targets(Diabetes)
    np.testing.assert_allclose(inputs[0], [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87])
    assert targets[:3, 0].tolist() == [151, 75, 141] and (targets.min(), targets.max()) == (25, 346)
    assert set(inputs[:, 1]) == {1, 2}
    np.testing.assert_allclose((targets.mean(), targets.std()), (152.1335, 77.0057), rtol=1e-5)
    assert straight_line(inputs, targets) == pytest.approx(0.5177, abs=1e-4)  # as known from least squares


def test_concrete_facts():
    inputs, targets = inputs_and_targets(Concrete)
    np.testing.assert_allclose(inputs[0], [540, 0, 0, 162, 2.5, 1040, 676, 28])
    np.testing.assert_allclose(targets[:3, 0], [79.99, 61.89, 40.27])
    np.testing.assert_allclose((targets.min(), targets.max()), (2.33, 82.6))
    assert len(np.unique(np.hstack([inputs, targets]), axis=0)) == 1005 and len(np.unique(inputs, axis=0)) == 992
    assert straight_line(inputs, targets) == pytest.approx(0.6155, abs=1e-4)


def test_autompg_facts():
    inputs, targets = inputs_and_targets(AutoMpg)
    np.testing.assert_allclose(inputs[0], [8, 307, 130, 3504, 12, 70, 1, 0, 0])
    np.testing.assert_allclose(targets[:3, 0], [18, 15, 18])
    assert inputs[:, 6:].sum(axis=0).tolist() == [245, 68, 79] and set(inputs[:, 6:].sum(axis=1)) == {1}
    np.testing.assert_allclose((targets.min(), targets.max()), (9, 46.6))


def straight_line(inputs, targets):
    """R2 of least squares on all rows."""
    x = np.column_stack([inputs, np.ones(len(inputs))])
    missed = targets - x @ np.linalg.lstsq(x, targets.astype(np.float64), rcond=None)[0]
    return 1 - missed.var() / targets.var()


def test_fashion6k_facts():
    prepared = Fashion6k(flatten=False).prepare()
    images, targets = (prepared.dataset.columns[column] for column in ("inputs", "targets"))
    assert images.shape == (6000, 28, 28, 1) and images.dtype == np.uint8 and (images.min(), images.max()) == (0, 255)
    assert targets[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]  # the first of the full training set
    assert targets[5000:5010].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]  # the first of the full test set
    assert np.bincount(targets[:5000]).tolist() == [457, 556, 504, 501, 488, 493, 493, 512, 490, 506]
    assert np.bincount(targets[5000:]).tolist() == [107, 105, 111, 93, 115, 87, 97, 95, 95, 95]
    np.testing.assert_array_equal(prepared.splits.test, np.arange(5000, 6000))
    assert len(np.unique(images.reshape(6000, -1), axis=0)) == 6000
    assert prepared.dataset.classes[9] == "ankle boot"


@pytest.mark.parametrize("source", [Mnist10k, Fashion6k])
@pytest.mark.parametrize("size", [14, 7])
def test_smaller_pictures_are_means_of_blocks(source, size):
    whole, small = source(flatten=False).prepare(), source(flatten=False, size=size).prepare()
    images, found = (data.dataset.columns["inputs"] for data in (whole, small))
    block = 28 // size
    assert found.shape == (len(images), size, size, 1) and found.dtype == np.uint8
    for row in range(0, len(images), 997):
        for i, j in ((0, 0), (size // 2, size // 2), (size - 1, 1)):
            pixels = images[row, i * block : (i + 1) * block, j * block : (j + 1) * block, 0]
            assert found[row, i, j, 0] == int(pixels.mean(dtype=float) + 0.5)
    np.testing.assert_array_equal(small.splits.test, whole.splits.test)
    assert source(size=size).load().input_shape == (size * size,) == (len(small.dataset.features),)


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
    ("wine.csv", Wine, lambda content: content.replace(b",1065,0", b",1065,3"), "labels 0..3 for 3 classes"),
    ("sonar.csv", Sonar, truncate, "has [0-9]+ rows, not 208|has [0-9]+ columns"),
    ("diabetes.csv", Diabetes, lambda content: content.replace(b"age,sex", b"sex,age"), "first line must be"),
    ("concrete.csv", Concrete, lambda content: content.replace(b"79.99", b"nan"), "NaN or infinity"),
    ("autompg.csv", AutoMpg, lambda content: content.replace(b",70,1,18.0", b",70,4,18.0"), "origin that is not 1, 2 or 3"),
    ("fashion6k-test1000-images-idx3-ubyte.gz", Fashion6k, truncate, "end-of-stream"),
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


DAMAGE += [
    ("names-male.txt", Names, truncate, "has [0-9]+ names, not 3898"),
    ("names-male.txt", Names, lambda content: content.replace(b"Aaron", b"Aar_n"), "a name holds '_'"),
    ("shakespeare8.txt.gz", Shakespeare8, truncate, "end-of-stream"),
    ("shakespeare8.txt.gz", Shakespeare8, repack(lambda text: text[:-5]), "has 1035992 characters, not 1035997"),
    ("kjv_verses.txt.gz", Kjv, repack(lambda text: text + b"Rev22:22 no"), "has 31103 verses, not 31102"),
    ("cmudict_20k_nostress.txt.gz", CmuDict, repack(lambda text: text[:-2]), "not 39|sounds"),
    ("cmudict_20k_nostress.txt.gz", CmuDict, repack(lambda text: text + b"a A\n"), "has 20001 words, not 20000"),
    (
        "cmudict_20k_nostress.txt.gz",
        CmuDict,
        repack(lambda text: text.replace(b"aargh AA R G", b"aargh")),
        "no word of small",
    ),
    ("languages.tsv", Languages, truncate, "paragraphs, not 705|can't decode"),
    ("languages.tsv", Languages, lambda content: content.replace(b"Dutch\t", b"Low Dutch ", 1), "not one of 12 languages"),
    ("japanese_vowels.npz", JapaneseVowels, truncate, "it is no archive of steps, lengths, speakers"),
    ("sunspots.csv", Sunspots, lambda content: content.replace(b"YEAR", b"year"), "first line must be"),
    ("sunspots.csv", Sunspots, truncate, "rows, not 309"),
    ("co2.csv", Co2, lambda content: content.replace(b"19580329,316.1", b"19580329"), "a row has not 2 columns"),
    ("airline.csv", Airline, lambda content: content.replace(b",112", b",many"), "could not convert"),
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
    with pytest.raises(FileNotFoundError, match=r"datasets are missing: expected .*shipped.* or .*reinstall dllab"):
        folder("datasets")
