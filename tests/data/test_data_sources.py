import inspect
import re

import numpy as np
import pytest
from ruamel.yaml import YAML

from dllab.catalogue import find, parts, summary
from dllab.data.blobs import Blobs
from dllab.data.checkerboard import Checkerboard
from dllab.data.dataset import Source
from dllab.data.digits import Digits
from dllab.data.edges import FILTERS, Edges
from dllab.data.functions import Function
from dllab.data.gates import And, Nand, Or, Parity, Xnor, Xor
from dllab.data.moons import Moons
from dllab.data.rings import Rings
from dllab.data.spirals import Spirals
from dllab.page import meaning

OWN_FILES = ("csv", "folder", "npz", "text", "series")  # they have tests of their own
SOURCES = {name: part for name, part in parts("datasets").items() if name not in OWN_FILES}
NOISY = {"and": {"noise": 0.1}, "or": {"noise": 0.1}, "nand": {"noise": 0.1}, "xor": {"noise": 0.1}}
READ = (
    "iris", "wine", "breast_cancer", "sonar", "penguins", "diabetes", "concrete", "autompg", "digits", "mnist10k",
    "fashion6k", "names", "cmudict", "languages", "japanese_vowels", "edges",
)  # fmt: skip
IN_ORDER = ("shakespeare8", "kjv", "word_pairs", "sunspots", "airline", "seattle_weather", "co2")
REGRESSION = (
    "function", "diabetes", "concrete", "autompg", "adding", "word_pairs", "sunspots", "airline", "seattle_weather", "co2",
    "edges",
)  # fmt: skip
TABLES_OF_ALL = ("parity", "modular_addition")
SHAPES = {
    "and": (4, (2,), 2), "or": (4, (2,), 2), "nand": (4, (2,), 2), "xor": (4, (2,), 2), "xnor": (4, (2,), 2),
    "parity": (16, (4,), 2), "blobs": (300, (2,), 3), "moons": (400, (2,), 2), "rings": (400, (2,), 2),
    "spirals": (900, (2,), 3), "checkerboard": (1000, (2,), 2), "function": (200, (1,), 1),
    "mnist1d": (5000, (40,), 10), "iris": (150, (4,), 3), "digits": (1797, (64,), 10), "mnist10k": (10000, (784,), 10),
    "wine": (178, (13,), 3), "breast_cancer": (569, (30,), 2), "sonar": (208, (60,), 2), "diabetes": (442, (10,), 1),
    "concrete": (1030, (8,), 1), "autompg": (392, (9,), 1), "fashion6k": (6000, (784,), 10), "penguins": (333, (9,), 3),
    "adding": (10000, (100, 2), 1), "copy_memory": (5000, (70,), 8), "recall": (4000, (22,), 8),
    "running_parity": (2000, (20, 1), 2), "reber": (2000, (31,), 8), "temporal_order": (4000, (110,), 4),
    "reversal": (5000, (10,), 11), "sorting": (5000, (10,), 11), "dates": (5000, (30,), 12), "brackets": (2000, (20,), 2),
    "modular_addition": (9409, (3,), 97), "both_sides": (2000, (30,), 4), "edges": (1000, (8, 8, 1), 36),
    "names": (8422, (16,), 28), "cmudict": (20000, (12,), 40), "languages": (2084, (64,), 12),
    "japanese_vowels": (640, (29, 12), 9), "shakespeare8": (16186, (64,), 76), "kjv": (29521, (32,), 2002),
    "word_pairs": (2205433, (2,), 1), "sunspots": (265, (22, 1), 1), "airline": (120, (12, 1), 1),
    "seattle_weather": (1433, (14, 4), 1), "co2": (1709, (52, 1), 1),
}  # fmt: skip


def rows_of(source: Source):
    columns = source.load().columns
    return columns["inputs"], columns["targets"]


def test_the_catalogue_has_exactly_these_sources():
    assert set(parts("datasets")) == {*SHAPES, *OWN_FILES}


@pytest.mark.parametrize("name", SOURCES)
def test_shape_types_and_labels(name):
    data = SOURCES[name]().load()
    assert (data.rows, data.input_shape, data.outputs) == SHAPES[name]
    assert data.name == name and data.about.endswith(".")
    assert all(column.flags.c_contiguous for column in data.columns.values())
    assert data.task == ("regression" if name in REGRESSION else "classification")
    if data.task == "classification":
        assert set(np.unique(data.columns["targets"])) - {-1} == set(range(data.outputs))


@pytest.mark.parametrize("name", SOURCES)
def test_same_seed_same_bits(name):
    options = NOISY.get(name, {})
    one, other = SOURCES[name](seed=3, **options).prepare(), SOURCES[name](seed=3, **options).prepare()
    for column, values in one.dataset.columns.items():
        assert values.tobytes() == other.dataset.columns[column].tobytes()
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(one.splits, part), getattr(other.splits, part))


@pytest.mark.parametrize("name", [name for name in SOURCES if name not in (*READ, *TABLES_OF_ALL, *IN_ORDER)])
def test_another_seed_draws_other_rows(name):
    options = {"noise": 0.1} if "noise" in SOURCES[name].model_fields else {}
    one, other = SOURCES[name](seed=3, **options).load(), SOURCES[name](seed=4, **options).load()
    assert not np.array_equal(one.columns["inputs"], other.columns["inputs"])


@pytest.mark.parametrize("name", READ)
def test_another_seed_splits_a_file_otherwise(name):
    one, other = (SOURCES[name](seed=seed, test=0.25).prepare().splits for seed in (3, 4))
    assert not np.array_equal(one.test, other.test)


@pytest.mark.parametrize("name", [name for name in SOURCES if "samples" in SOURCES[name].model_fields])
def test_samples_is_the_number_of_rows_and_classes_are_balanced(name):
    data = SOURCES[name](samples=130).load()
    assert data.rows == 130
    if name not in ("and", "or", "nand") and data.task == "classification" and not data.at_every_step:
        counts = np.bincount(data.columns["targets"])
        assert counts.max() - counts.min() <= (2 if name in ("xor", "xnor") else 1)


@pytest.mark.parametrize("name", [name for name in SOURCES if "noise" in SOURCES[name].model_fields])
def test_noise_moves_points_about_the_same_places(name):
    option = "targets" if name in ("function", "edges") else "inputs"
    quiet, loud = (SOURCES[name](noise=noise, samples=2000).load().columns for noise in (0.0, 0.01))
    moved = loud[option] - quiet[option]
    assert 0.003 < moved.std() < 0.06  # 0.05 on mnist1d, whose curves are then scaled up; an angle on spirals
    assert not np.array_equal(quiet[option], loud[option])


@pytest.mark.parametrize("name", SOURCES)
def test_documentation_names_every_option_and_its_examples_can_be_built(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text("the cat sat on the mat\n\n" * 20)
    text = inspect.getdoc(SOURCES[name])
    assert len(summary(SOURCES[name])) <= 120 and summary(SOURCES[name]).endswith(".")
    assert "Source: " in text
    own = set(SOURCES[name].model_fields) - set(Source.model_fields)
    assert all(re.search(rf"\b{option}\b", text) or meaning(SOURCES[name], option) for option in own)
    examples = re.findall(r"^    (data: .*)$", text, re.MULTILINE)
    assert examples
    for example in examples:
        written = YAML(typ="safe").load(example)["data"]
        options = {"name": written} if isinstance(written, str) else dict(written)
        options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
        assert find("datasets", options.pop("name"))(**options).prepare()


@pytest.mark.parametrize("name", SOURCES)
def test_main_is_an_option(name):
    assert SOURCES[name].main in SOURCES[name].model_fields


TABLES = [(And, [0, 0, 0, 1]), (Or, [0, 1, 1, 1]), (Nand, [1, 1, 1, 0]), (Xor, [0, 1, 1, 0]), (Xnor, [1, 0, 0, 1])]


@pytest.mark.parametrize(("gate", "outputs"), TABLES)
def test_a_gate_is_its_truth_table_and_all_of_it_trains(gate, outputs):
    inputs, targets = rows_of(gate())
    assert inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert targets.tolist() == outputs
    splits = gate().prepare().splits
    assert splits.train.tolist() == [0, 1, 2, 3] and len(splits.test) == len(splits.validation) == 0


def test_many_noisy_copies_of_a_gate_round_to_its_table():
    inputs, targets = rows_of(Xor(samples=400, noise=0.05))
    rounded = np.rint(inputs).astype(int)
    np.testing.assert_array_equal(targets, rounded[:, 0] ^ rounded[:, 1])
    assert len(np.unique(rounded, axis=0)) == 4 and (inputs != rounded).all()


@pytest.mark.parametrize("bits", [1, 2, 5, 16])
def test_parity_lists_every_pattern_once(bits):
    inputs, targets = rows_of(Parity(bits=bits))
    np.testing.assert_array_equal(inputs @ 2.0 ** np.arange(bits)[::-1], np.arange(2**bits))
    assert targets.tolist() == [n.bit_count() % 2 for n in range(2**bits)]


def test_blobs_lie_about_evenly_spaced_centres_on_the_unit_circle():
    inputs, targets = rows_of(Blobs(classes=5, samples=5000, features=3, noise=0.1))
    centres = np.stack([inputs[targets == c].mean(axis=0) for c in range(5)])
    np.testing.assert_allclose(np.hypot(centres[:, 0], centres[:, 1]), 1, atol=0.02)
    np.testing.assert_allclose(centres[:, 2], 0, atol=0.02)
    neighbours = np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1)
    np.testing.assert_allclose(neighbours, 2 * np.sin(np.pi / 5), atol=0.03)
    spread = np.stack([inputs[targets == c].std(axis=0) for c in range(5)])
    np.testing.assert_allclose(spread, 0.1, atol=0.01)


def test_blobs_of_one_feature_lie_on_a_line_and_offset_moves_them_all():
    inputs, targets = rows_of(Blobs(classes=3, features=1, noise=0.0, offset=10))
    np.testing.assert_array_equal(inputs[:, 0], np.array([9, 10, 11])[targets])


def test_moons_without_noise_are_two_half_circles():
    inputs, targets = rows_of(Moons(noise=0.0, samples=500))
    upper, lower = inputs[targets == 0], inputs[targets == 1]
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(lower - [1, 0.5], axis=1), 1, atol=1e-6)
    assert upper[:, 1].min() >= 0 and lower[:, 1].max() <= 0.5
    assert upper[:, 0].min() < -0.99 and upper[:, 0].max() > 0.99


def test_rings_without_noise_have_radii_up_to_1():
    inputs, targets = rows_of(Rings(classes=3, noise=0.0, samples=600))
    np.testing.assert_allclose(np.linalg.norm(inputs, axis=1), (targets + 1) / 3, atol=1e-6)
    assert np.all(np.abs(inputs[targets == 2].mean(axis=0)) < 0.2)


def test_spirals_without_noise_follow_their_formula():
    inputs, targets = rows_of(Spirals(classes=4, turns=1.5, noise=0.0, samples=800))
    radius = np.linalg.norm(inputs, axis=1)
    angle = 2 * np.pi * (targets / 4 + 1.5 * radius)
    np.testing.assert_allclose(inputs, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), atol=1e-5)
    assert 0 < radius.min() < 0.02 and 0.98 < radius.max() <= 1
    np.testing.assert_array_equal(np.bincount(targets), [200] * 4)


@pytest.mark.parametrize("cells", [2, 3, 4])
def test_checkerboard_squares_alternate_and_are_all_used(cells):
    inputs, targets = rows_of(Checkerboard(cells=cells, samples=1000))
    square = np.floor((inputs.astype(np.float64) + 1) / 2 * cells).astype(int)
    np.testing.assert_array_equal(square.sum(axis=1) % 2, targets)
    assert len(np.unique(square, axis=0)) == cells**2
    assert inputs.min() >= -1 and inputs.max() <= 1


CURVES = {
    "sine": lambda x: np.sin(2 * np.pi * x),
    "step": lambda x: np.where(x < 0, 0.0, 1.0),
    "bump": lambda x: np.exp(-12.5 * x**2),
    "sawtooth": lambda x: np.where(x < 0, 2 * x + 1, 2 * x - 1),
}


@pytest.mark.parametrize("function", CURVES)
def test_functions_without_noise_are_their_formula(function):
    inputs, targets = rows_of(Function(function=function, noise=0.0, periods=2))
    x = inputs.astype(np.float64)
    inside = np.abs(x) > 1e-6
    np.testing.assert_allclose(targets[inside], CURVES[function](x)[inside], atol=1e-5)
    assert x.min() < -0.9 and x.max() > 0.9


def test_outliers_are_as_many_and_as_far_as_asked():
    clean = rows_of(Function(samples=300))[1]
    both = rows_of(Function(samples=300, outliers=0.2, outlier_size=5))[1] - clean
    moved = both[np.abs(both) > 1e-3]
    assert len(moved) == 60 and 15 < (moved > 0).sum() < 45
    np.testing.assert_allclose(np.abs(moved), 5, atol=1e-5)
    up = rows_of(Function(samples=300, outliers=0.2, outlier_size=5, one_sided=True))[1] - clean
    assert (up > 1e-3).sum() == 60 and up.min() > -1e-3


def test_more_classes_than_rows_is_refused():
    with pytest.raises(ValueError, match="data set spirals: 5 classes in 3 rows; give more samples or fewer classes"):
        Spirals(classes=5, samples=3).load()


def test_a_test_split_of_a_truth_table_must_hold_a_row():
    with pytest.raises(ValueError, match=r"data set xor: test: 0.1 of 4 rows is not one whole row; give at least 0.25"):
        Xor(test=0.1).prepare()
    assert len(Xor(test=0.25).prepare().splits.test) == 1


@pytest.mark.parametrize("name", FILTERS)
def test_edges_are_what_three_loops_say_of_the_digits(name):
    inputs, targets = rows_of(Edges(filter=name, samples=20))
    digits = rows_of(Digits(flatten=False))[0][:20] / 16
    assert np.array_equal(inputs, digits.astype(np.float32))
    for picture, said in zip(digits[..., 0], targets):
        for p in range(6):
            for q in range(6):
                own = sum(picture[p + i, q + j] * FILTERS[name][i, j] for i in range(3) for j in range(3))
                assert said[6 * p + q] == pytest.approx(own, abs=1e-6)


def test_edges_take_noise_of_the_size_that_is_asked_for():
    clean, noisy = rows_of(Edges())[1], rows_of(Edges(noise=0.5))[1]
    assert (noisy - clean).std() == pytest.approx(0.5, rel=0.02) and abs((noisy - clean).mean()) < 0.01
