"""Formulas as docstrings have them, ``variable <- variable - rate * momentum / sqrt(v)``, in LaTeX.

Docstrings are read in terminals and editors, too, so formulas are written there as code is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

__all__ = ["aligned", "expression", "formula", "formulas"]

_RELATION = re.compile(r"^(?P<left>.+?)\s*(?P<sign><-|\+=|-=|=)\s+(?P<right>.+)$")
_SIGNS = {"<-": r"\leftarrow", "=": "=", "+=": r"\mathrel{+}=", "-=": r"\mathrel{-}="}
_GREEK = {"alpha", "beta", "delta", "epsilon", "eta", "gamma", "mu", "nu", "pi", "rho", "sigma"}
_WORDS = {"by", "for", "if", "is", "of", "old", "the", "with"}  # of what is no product, but a sentence
_FUNCTIONS = {"cos", "exp", "log", "max", "min", "tan", "tanh"}
_SUM, _PRODUCT, _POWER, _ATOM = range(4)
_Rendered = tuple[str, int]  # what binds less than what is around it gets parentheses


def formulas(block: str) -> str | None:
    """Return a literal block of a docstring in LaTeX; None if it is something else, such as code."""
    lines = list(_whole_lines(block))
    if not any(map(_RELATION.match, lines)):
        return None
    return aligned(" \\\\\n".join(map(formula, lines)))


def aligned(rows: str) -> str:
    """Return rows of formulas, with ``&`` where they are aligned, as one."""
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def _whole_lines(lines: str) -> Iterator[str]:
    """Yield the lines of a block, each with those that go on with it because they are indented further."""
    whole = ""
    for line in lines.splitlines():
        goes_on = whole and line.startswith(" ") and not re.search(r" {3,}$", whole)
        if whole and not goes_on:
            yield whole
            whole = ""
        whole = f"{whole} {line.strip()}".strip() if line.strip() else whole
    if whole:
        yield whole


def formula(line: str) -> str:
    r"""Return one line as a row of an alignment: ``x <- y  if so`` with a note at its end.

    >>> print(formula("m_hat = beta_1 * m / 2   at first"))
    \hat{m} &= \frac{\beta_{1} \, m}{2} \quad\text{at first}
    """
    relation = _RELATION.match(line)
    if relation is None:
        return rf"&\text{{{line}}}"
    right, _, note = relation["right"].partition("  ")
    if not note and not _parsed(right):
        right, _, note = right.partition(", ")
    rendered = f"{expression(relation['left'])} &{_SIGNS[relation['sign']]} {expression(right)}"
    return f"{rendered} \\quad\\text{{{note.strip()}}}" if note.strip() else rendered


def expression(text: str) -> str:
    """Return an expression in LaTeX; one that is in words stays in words."""
    tree = _parsed(text)
    try:
        return rf"\text{{{text.strip()}}}" if tree is None else _render(tree)[0]
    except KeyError:  # what no formula needs, such as a lambda
        return rf"\text{{{text.strip()}}}"


def _parsed(text: str) -> ast.expr | None:
    code = re.sub(r"\|([^|]+)\|", r"abs(\1)", text.strip()).replace("^", "**")
    if _WORDS.isdisjoint(re.findall(r"\w+", code)):
        code = re.sub(r"(?<=[\w)'])\s+(?=[\w(])", " * ", code)
    code = re.sub(r"(?<=[\w)])'", ".T", code)
    try:
        return ast.parse(code, mode="eval").body
    except SyntaxError:
        return None


def _render(tree: ast.expr) -> _Rendered:
    return _RENDERERS[type(tree)](tree)


def _inside(tree: ast.expr, binding: int) -> str:
    text, own = _render(tree)
    return text if own >= binding else rf"\left({text}\right)"


def _name(tree: ast.Name) -> _Rendered:
    return symbol(tree.id), _ATOM


def symbol(name: str) -> str:
    r"""Return a name: letters and Greek ones as symbols with indices, words upright.

    >>> symbol("beta_1"), symbol("m_hat"), symbol("decay_steps")
    ('\\beta_{1}', '\\hat{m}', '\\text{decay_steps}')
    """
    first, _, rest = name.partition("_")
    base = f"\\{first}" if first in _GREEK else first
    if len(first) > 1 and first not in _GREEK:
        return rf"\text{{{name}}}"
    if rest == "hat":
        return rf"\hat{{{base}}}"
    if rest and not (rest.isdigit() or len(rest) == 1):
        return rf"{base}_{{\text{{{rest}}}}}"
    return f"{base}_{{{rest}}}" if rest else base


def _constant(tree: ast.Constant) -> _Rendered:
    return (f"{tree.value:g}" if isinstance(tree.value, float) else str(tree.value)), _ATOM


def _binary(tree: ast.BinOp) -> _Rendered:
    left, right = tree.left, tree.right
    if isinstance(tree.op, ast.Div):
        return rf"\frac{{{_render(left)[0]}}}{{{_render(right)[0]}}}", _POWER
    if isinstance(tree.op, ast.Pow):
        return rf"{{{_inside(left, _ATOM)}}}^{{{_render(right)[0]}}}", _POWER
    if isinstance(tree.op, ast.Mult):
        sign = r"\cdot" if isinstance(right, ast.Constant) else r"\,"
        return rf"{_inside(left, _PRODUCT)} {sign} {_inside(right, _PRODUCT)}", _PRODUCT
    sign = {ast.Add: "+", ast.Sub: "-", ast.Mod: r"\bmod", ast.FloorDiv: r"\div"}[type(tree.op)]
    return f"{_render(left)[0]} {sign} {_inside(right, _PRODUCT)}", _SUM


def _unary(tree: ast.UnaryOp) -> _Rendered:
    sign = {ast.USub: "-", ast.UAdd: "+", ast.Not: r"\text{not }"}[type(tree.op)]
    return f"{sign}{_inside(tree.operand, _PRODUCT)}", _SUM


def _call(tree: ast.Call) -> _Rendered:
    name = tree.func.id if isinstance(tree.func, ast.Name) else ""
    arguments = ", ".join(_render(each)[0] for each in tree.args)
    if name == "sqrt":
        return rf"\sqrt{{{arguments}}}", _ATOM
    if name in {"abs", "norm", "floor", "ceil"}:
        left, right = {"abs": "||", "norm": ("‖", "‖"), "floor": "⌊⌋", "ceil": "⌈⌉"}[name]
        return rf"\left{left}{arguments}\right{right}", _ATOM
    function = f"\\{name}" if name in _FUNCTIONS else _inside(tree.func, _ATOM)
    return rf"{function}\left({arguments}\right)", _ATOM


def _attribute(tree: ast.Attribute) -> _Rendered:
    if tree.attr == "T":
        return rf"{{{_inside(tree.value, _ATOM)}}}^{{\top}}", _POWER
    return rf"\text{{{ast.unparse(tree)}}}", _ATOM


def _tuple(tree: ast.Tuple) -> _Rendered:
    return r",\; ".join(_render(each)[0] for each in tree.elts), _SUM


_RENDERERS: dict[type, Callable[..., _Rendered]] = {
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.Call: _call,
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Tuple: _tuple,
    ast.UnaryOp: _unary,
}
