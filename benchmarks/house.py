"""Count what `docs/design/the-house.md` has figures of: `python -m benchmarks.house [POINT ...]`.

`--checkout PATH` counts in another checkout of this repository, an older one included.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import grimp

ROOT = Path(__file__).parents[1]
PACKS = re.compile(r"(^|_)packs?(?!_small)(_|$)|^Pack$")
FIELDS = re.compile(
    r"(Config|Section|Selection|BaseModel|Protocol|TypedDict|_Details)$"
)  # bases of classes that declare fields


@dataclass(frozen=True)
class House:
    """The core of one checkout, read and not run."""

    checkout: Path

    @property
    def folder(self) -> Path:
        """The package."""
        return self.checkout / "core" / "optiplug"

    def modules(self) -> dict[Path, ast.Module]:
        """Return all files, parsed."""
        return {path: ast.parse(path.read_text()) for path in sorted(self.folder.rglob("*.py"))}

    def rooms(self) -> dict[str, set[str]]:
        """Return what the files and packages right below the package import of each other."""
        graph = grimp.build_graph("optiplug", exclude_type_checking_imports=True, cache_dir=None)
        rooms: dict[str, set[str]] = {}
        for module in graph.modules:
            imported = map(room, graph.find_modules_directly_imported_by(module))
            rooms.setdefault(room(module), set()).update(set(imported) - {room(module)})
        return rooms


def room(module: str) -> str:
    """Return the file or package right below the package that a module belongs to."""
    return ".".join(module.split(".")[:2])


def public(house: House) -> str:
    """Count the files right below the package whose names do not begin with `_`."""
    return str(sum(path.name[0] != "_" for path in house.folder.glob("*.py")))


def imports(house: House) -> str:
    """Count the imports between them, and the floors on which they stand."""
    rooms, floors = house.rooms(), dict[str, int]()
    for name in TopologicalSorter(rooms).static_order():
        floors[name] = 1 + max((floors[below] for below in rooms[name]), default=0)
    return f"{sum(map(len, rooms.values()))} on {max(floors.values())} floors"


def packing(house: House) -> str:
    """Count the files that import from the one that joins small variables."""
    modules = house.modules().values()
    return f"{sum(any(map(joining, ast.walk(module))) for module in modules)} of {len(modules)}"


def joining(node: ast.AST) -> bool:
    """Return whether a node imports from the file that joins small variables."""
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1] in {"packs", "packing"}


def packs(house: House) -> str:
    """Count the files that handle a pack, or what stands for one variable in it."""
    modules = house.modules().values()
    return f"{sum(any(map(PACKS.search, handled(module))) for module in modules)} of {len(modules)}"


def handled(module: ast.Module) -> Iterator[str]:
    """Yield the names in a file; what stands for a variable in a pack is one more name of a pack."""
    parts = [each for node in ast.walk(module) if joining(node) for each in node.names if each.name == "Part"]
    yield from names(module)
    yield from ("Pack" for _ in parts)


def restoring(house: House) -> str:
    """Count the files that refuse state, by the room that they are in."""
    raising = [path for path, module in house.modules().items() if any(map(refusing, ast.walk(module)))]
    rooms = [path.relative_to(house.folder).parts for path in raising]
    counted = Counter("the root" if len(parts) == 1 else parts[0] for parts in rooms)
    return ", ".join(f"{count} in {name}" for name, count in counted.most_common())


def refusing(node: ast.AST) -> bool:
    """Return whether a node makes a `StateError`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "StateError"


def names(module: ast.Module) -> Iterator[str]:
    """Yield the names in a file: what it uses, defines and imports."""
    for node in ast.walk(module):
        for attribute in ("id", "attr", "name", "arg"):
            name = getattr(node, attribute, None)
            if isinstance(name, str):
                yield name


def lineage(house: House) -> str:
    """Count the classes that `Optimizer` consists of."""
    import optiplug

    assert Path(optiplug.__file__).is_relative_to(house.checkout)
    return str(len(optiplug.Optimizer.__mro__))


def stubs(house: House) -> str:
    """Count the attributes that classes declare for a type checker because others set them."""
    classes = [node for each in house.modules().values() for node in ast.walk(each) if plain(node)]
    return str(sum(declaring(node) for each in classes for node in each.body))


def declaring(node: ast.AST) -> bool:
    """Return whether a node in a class declares an attribute of instances and gives it no value."""
    if not isinstance(node, ast.AnnAssign) or node.value:
        return False
    return "ClassVar" not in ast.unparse(node.annotation)


def plain(node: ast.AST) -> bool:
    """Return whether a node is a class in which an annotation makes no field."""
    if not isinstance(node, ast.ClassDef):
        return False
    decorators = " ".join(map(ast.unparse, node.decorator_list))
    return "dataclass" not in decorators and not any(FIELDS.search(ast.unparse(base)) for base in node.bases)


def untyped(house: House) -> str:
    """Return the share of `Any` among the annotations of parameters."""
    return share([each for module in house.modules().values() for each in annotations(module)])


def untyped_running(house: House) -> str:
    """Return the same of the files that import TensorFlow."""
    modules = [module for module in house.modules().values() if "tensorflow" in names(module)]
    return share([each for module in modules for each in annotations(module)])


def annotations(module: ast.Module) -> Iterator[str]:
    """Yield the annotation of each parameter."""
    for node in ast.walk(module):
        if isinstance(node, ast.arguments):
            given = [each.annotation for each in (*node.posonlyargs, *node.args, *node.kwonlyargs)]
            yield from (ast.unparse(each) for each in given if each is not None)


def share(found: list[str]) -> str:
    """Return how many of some annotations are `Any`."""
    return f"{found.count('Any') / len(found):.0%}".replace("%", " %")


def comments(house: House) -> str:
    """Count the comments in a thousand lines."""
    texts = [path.read_text() for path in house.modules()]
    tokens = [token for text in texts for token in tokenize.generate_tokens(io.StringIO(text).readline)]
    lines = sum(text.count("\n") for text in texts)
    return f"{1000 * sum(token.type == tokenize.COMMENT for token in tokens) / lines:.1f}"


def lists(house: House) -> str:
    """Count the lists of all packages of plugins in the settings of tools."""
    settings = tomllib.loads((house.checkout / "pyproject.toml").read_text())
    return str(sum("optiplug_sgd" in each for each in sequences(settings)))


def sequences(value: Any) -> Iterator[list[Any]]:
    """Yield all lists in nested settings."""
    if isinstance(value, list):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for each in inner:
        yield from sequences(each)


POINTS: Mapping[str, Callable[[House], str]] = {
    "public": public,
    "imports": imports,
    "packing": packing,
    "packs": packs,
    "restoring": restoring,
    "lineage": lineage,
    "stubs": stubs,
    "untyped": untyped,
    "untyped-running": untyped_running,
    "comments": comments,
    "lists": lists,
}


def main() -> None:
    """Print the figures that the command line asks for, as rows of a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.house", description=__doc__)
    parser.add_argument("points", nargs="*", metavar="POINT", help=f"of {', '.join(POINTS)}; default: all")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="default: this one")
    arguments = parser.parse_args()
    house = House(arguments.checkout.resolve())
    sys.path.insert(0, str(house.checkout / "core"))
    for name in arguments.points or POINTS:
        print(f"| `{name}` | {POINTS[name](house)} |")


if __name__ == "__main__":
    main()
