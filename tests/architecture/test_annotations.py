"""Signatures say what they take, and classes declare what they assign."""

from __future__ import annotations

import pytest

from support.annotation_counts import CORE, PLUGINS, annotations, read, report, share, stubs, with_any

MOST = 0.05


@pytest.mark.parametrize("paths", [CORE, PLUGINS], ids=["core", "plugins"])
def test_few_parameters_say_any(paths):
    assert share(read(paths).values()) < MOST, "\n".join(report())


def test_core_declares_no_attribute_that_it_does_not_assign():
    assert stubs(read(CORE)) == []


def test_every_sort_of_parameter_is_counted():
    text = "class A:\n    async def f(self, a: int, /, b: Any, *c: 'list[Any]', d: Anything, **e: Any): ..."

    assert list(annotations(text)) == ["int", "Any", "Anything", "'list[Any]'", "Any"]
    assert len(with_any(text)) == 3
    assert share([text, "def g(a: int): ..."]) == 0.5


def test_a_stub_is_found_and_what_declares_by_nature_is_not():
    texts = {
        "a.py": (
            "class Stub:\n    name: str\n    other: int = 0\n    shared: ClassVar[int]\n"
            "@dataclass(frozen=True)\nclass Data:\n    name: str\n"
            "class Model(pydantic.BaseModel):\n    name: str\n"
            "class Shape(Protocol[T]):\n    name: str\n"
            "if TYPE_CHECKING:\n    class Typing:\n        name: str\n"
        ),
        "b.py": "class Heir(Model):\n    name: str\nclass Mixin(Stub):\n    more: str\n",
    }

    assert stubs(texts) == ["a.py: Stub.name", "b.py: Mixin.more"]
