"""The members of `tf.keras.optimizers.Optimizer` 2.15 and, for each, the test that is named after it.

The docstring of that test is what docs/keras-2-15.md says about the member: its first paragraph the
behaviour, and a paragraph that begins with "Differs:" what is not as in tf_keras, and why.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from support.project_paths import ROOT

MEMBERS = {
    "arguments": (
        "name",
        "weight_decay",
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
        "use_ema",
        "ema_momentum",
        "ema_overwrite_frequency",
        "jit_compile",
        "mesh",
        "kwargs",
    ),
    "attributes": ("iterations", "learning_rate", "variables"),
    "methods": (
        "add_variable",
        "add_variable_from_reference",
        "aggregate_gradients",
        "apply_gradients",
        "build",
        "compute_gradients",
        "exclude_from_weight_decay",
        "finalize_variable_values",
        "from_config",
        "get_config",
        "load_own_variables",
        "minimize",
        "save_own_variables",
        "set_weights",
        "update_step",
    ),
}
FILES = [*sorted(ROOT.glob("tests/keras_2_15/test_*.py")), ROOT / "tests/core/distribution/test_dtensor.py"]


@dataclass(frozen=True)
class Row:
    """What is said about one member."""

    group: str
    member: str
    behaviour: str
    differs: str
    test: str


def rows() -> Iterator[Row]:
    """Yield a row for each member, in the order of the page.

    Raises
    ------
    LookupError
        If a member has no test that is named after it and says what the member does.
    """
    for group, members in MEMBERS.items():
        for member in members:
            path, said = _tests().get(f"test_{member}", ("", ""))
            if not said:
                raise LookupError(f"no test_{member} with a docstring")
            behaviour, _, differs = (" ".join(part.split()) for part in said.partition("Differs:"))
            yield Row(group, member, behaviour, differs, f"{path}::test_{member}")


@cache
def _tests() -> dict[str, tuple[str, str]]:
    """Return the path and the docstring of each test, which need not be imported for that."""
    return {
        node.name: (str(file.relative_to(ROOT)), inspect.cleandoc(ast.get_docstring(node) or ""))
        for file in FILES
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
