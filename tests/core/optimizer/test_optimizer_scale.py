"""What an optimizer does grows with the number of its variables, and not with the square of it.

Counted, not timed: seconds differ from run to run. docs/design/performance.md has those.
"""

import pytest
import tensorflow as tf

import optiplug
from support.counted_work import counted

FEW = 16
LIMIT = 2.1  # of twice as many variables; what has a square in it that matters is nearer to 4
FORMULA = {"use": "adamw", "weight_decay": 0.1, "use_ema": True, "exclude_from_weight_decay": ["re:_1/"]}
GROUPS = [
    {"name": "first", "only": ["*_1/*"], "optimizer": {"use": "adamw"}},
    {"name": "rest", "optimizer": {"use": "sgd", "momentum": 0.9}},
]
SETUPS = {
    "adam": {"use": "adam"},
    "apart": {"use": "adam", "pack_small_variables": False, "jit_compile": False},
    "decay, average and norm": {**FORMULA, "global_clipnorm": 1.0},
    "gate": {"use": "sgd", "processors": [{"use": "accumulate", "steps": 2}, "skip_non_finite"]},
    "groups": {"use": "partition", "groups": GROUPS},
}


class Looker(optiplug.Optimizer):
    """Look at all variables for each, 64 times: what is to be found."""

    def update_step(self, gradient, variable):
        for each in 64 * list(self.own_variables):
            self.path(each)
        variable.assign_sub(gradient)


def work(make, count, folder):
    """Return the work of each thing that one does with an optimizer, by what it is."""
    names = [f"layer_{number}/kernel" if number % 2 else "kernel" for number in range(count)]
    variables = [tf.Variable([1.0, 2.0, 3.0], name=name) for name in names]
    pairs = [(tf.constant([1.0, 0.0, -1.0]), variable) for variable in variables]
    optimizer, arrays = make(), {}

    @tf.function(autograph=False)
    def function():
        optimizer.apply_gradients(pairs)

    checkpoint = tf.train.Checkpoint(optimizer=optimizer)
    report, told = optimizer.state_report(variables), optimizer.explain(variables)
    return {
        "report before": counted(lambda: optimizer.state_report(variables)),
        "explanation before": counted(lambda: optimizer.explain(variables)),
        "build": counted(lambda: optimizer.build(variables)),
        "trace": counted(function.get_concrete_function),
        "first eager step": counted(lambda: optimizer.apply_gradients(pairs)),
        "eager step": counted(lambda: optimizer.apply_gradients(pairs)),
        "step of every other": counted(lambda: optimizer.apply_gradients(pairs[::2])),
        "text of the report": counted(lambda: str(report)),
        "json of the report": counted(report.to_json),
        "text of the explanation": counted(lambda: str(told)),
        "explanation of each": counted(lambda: [told[each.path] for each in told.variables]),
        "list": counted(lambda: list(optimizer.variables)),
        "arrays": counted(lambda: optimizer.save_own_variables(arrays)),
        "from arrays": counted(lambda: optimizer.load_own_variables(arrays)),
        "save": counted(lambda: checkpoint.write(str(folder / "saved"))),
        "restore": counted(lambda: checkpoint.read(str(folder / "saved")).assert_consumed()),
    }


def superlinear(make, folder):
    """Return what takes more than `LIMIT` times the work for twice the variables."""
    work(make, 4, folder)  # what is imported, read or kept at the first call is not counted
    few, many = (work(make, count, folder) for count in (FEW, 2 * FEW))
    ratios = {
        key: tuple(most / least for most, least in zip(many[key], few[key], strict=True)) for key in few
    }
    return {key: each for key, each in ratios.items() if max(each) > LIMIT}


@pytest.mark.parametrize("setup", SETUPS)
def test_twice_the_variables_are_twice_the_work(setup, tmp_path):
    assert superlinear(lambda: optiplug.from_config(SETUPS[setup]), tmp_path) == {}


def test_a_square_is_found(tmp_path):
    # These two run the formula, one while it is traced, the other operation by operation.
    found = superlinear(lambda: Looker("looker", jit_compile=False), tmp_path)
    assert {"trace", "step of every other"} <= found.keys()
