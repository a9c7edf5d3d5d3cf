"""Comparisons that cannot be made."""

from __future__ import annotations

from error_cases import MOONS, Case, recipe

VALUES = ",".join(str(value) for value in range(1, 18))
OPTIMIZERS = ",".join(f"sgd:lr={value}" for value in range(1, 18))
REGRESSION = {"r.yaml": "data: function\nmodel: [{dense: 4}, tanh, {dense: outputs}]\n"}
SHARED = {"r.yaml": f"{MOONS}metrics: [f1]\n"}

COMPARE: list[Case] = [
    *(
        (f"compare-optimizers my.yaml {line}", {})
        for line in (
            "--optimizers adam", "--optimizers ''", "--optimizers lr=0.5,adam", "--optimizers sgd:0.5,adam",
            "--optimizers sgd:lr=0.5,,adam", "--optimizers sgd,adma", "--optimizers sgd:lr=fast,adam",
            "--optimizers sgd:lr=-1,adam", "--optimizers sgd:beta=0.9,adam", "--optimizers clip_norm,adam",
            f"--optimizers {OPTIMIZERS}", "--seeds 0", "--tune -1", "--jobs 0", "--metric f1", "--metric nothing",
            "--target accuracy", "--target accuracy=high", "--target accuracy=nan", "--target 'accuracy<0.9'",
            "--target 'loss>=1'", "--target acuracy=0.9", "--target r2=0.9", "--save race.gif",
            "optimizer=sgd optimizer.lr=0", "model[9].x=1",
        )
    ),
    ("compare-optimizers", {}), ("compare-optimizers xorr", {}), ("compare-optimizers folds.yaml", {}),
    recipe("input: [2]\nmodel: [{dense: 1}]\nloss: mse\n", "compare-optimizers r.yaml"),
    ("compare my.yaml train.seed=1,2", {}), ("compare my.yaml my.yaml optimizer.lr=0.1 train.seed=1,2", {}),
    *(
        (f"compare my.yaml optimizer.lr=0.1,0.2 --target {target}", {})
        for target in ("accuracy=95", "'accuracy>=1.5'", "accuracy=950", "accuracy=300%", "f1=2")
    ),
    ("compare-optimizers --surface bowl --seeds 20 --tune 3 --metric loss --target loss=1 --jobs 1 --set a=1 --trust", {}),
    ("compare-optimizers --surface bowl --tune 0", {}),
    ("compare-optimizers --surface bowel", {}), ("compare-optimizers my.yaml --surface bowl", {}),
    ("compare-optimizers --surface bowl --optimizers sgd:0.1", {}),
    ("compare-optimizers --surface bowl --optimizers adma", {}),
    ("compare my.yaml", {}), ("compare my.yaml my.yaml", {}), ("compare my.yaml optimizer.lr=0.1", {}),
    (f"compare my.yaml optimizer.lr={VALUES}", {}), ("compare my.yaml optimizer.lr=0.1,fast", {}),
    ("compare my.yaml none.yaml", {}), ("compare my.yaml train.folds=3,4", {}),
    ("compare my.yaml r.yaml", REGRESSION), ("compare my.yaml r.yaml --metric accuracy", SHARED),
    ("compare my.yaml optimizer.lr=0.1,0.2 --target mae=1", {}),
    ("compare my.yaml data.validation=0,0.2 --target accuracy=0.9", {}),
]  # fmt: skip
