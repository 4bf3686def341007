"""Forms of a plugin that its example leaves out: what oracles know of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from optiplug import registry
from support.numerics import cases, kind_of


def oddest_forms(examples: Iterable[Any]) -> Iterator[Any]:
    """Yield, for each plugin with several forms, the one in most of whose fields other code runs."""
    usual = {type(example): example for example in examples}
    forms = defaultdict(list)
    for case in filter(_anywhere, cases()):
        config = registry.get(kind_of(case.use), case.use)
        forms[config].append(config(**{**config.example, **case.fields}))
    for config, found in forms.items():
        oddest = max(found, key=lambda form: _differences(form, usual[config]))
        if _differences(oddest, usual[config]):
            yield oddest


def _anywhere(case: Any) -> bool:
    """Whether a form fits any variables: none of its fields speaks of their paths."""
    return not any(isinstance(value, list | tuple | dict) and value for value in case.fields.values())


def _differences(form: Any, example: Any) -> int:
    """Count the fields in which one has other code than the other, and not just another number."""
    return sum(_branch(value) != _branch(getattr(example, name)) for name, value in form)


def _branch(value: Any) -> Any:
    return value != 0 if isinstance(value, float) else value
