"""Forms of a plugin that its example leaves out: what oracles know of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from optiplug import registry
from support.oracle_runs import cases, kind_of


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
    """Whether a form fits any variables: scalars too, and none of its fields speaks of paths."""
    lists = (value for value in case.fields.values() if isinstance(value, list | tuple | dict))
    return () in case.shapes and not any(lists)


def _differences(form: Any, example: Any) -> int:
    """Count the fields for which other code runs, and not just with another number."""
    return sum(_turned_on(value, getattr(example, name)) for name, value in form)


def _turned_on(value: Any, usual: Any) -> bool:
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (value, usual))
    return bool(value and not usual) if numbers else value != usual
