"""Graphs of TensorFlow, what is around them and what compiles them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import tensorflow as tf

from optiplug._types import Tensor

__all__ = [
    "EagerTensor",
    "TensorStandIn",
    "branching",
    "captured_by",
    "captured_tensor",
    "converted",
    "converted_for_caller",
    "creating_strategy",
    "has_begun",
    "is_out_of_scope",
    "keep_from_autograph",
    "outside_function",
    "plain_variable",
    "reads_of",
    "signature",
    "unique_id",
    "with_outer",
    "xla_compiles",
]

# The class of tensors outside of functions; classes of a user's own are others.
EagerTensor = tf.__internal__.EagerTensor


def signature(tensor: Tensor) -> tuple[int, tuple[int, ...]]:
    """Return what is equal for eager tensors of one dtype and shape, without objects made for either.

    Rests on `_datatype_enum` and `_shape_tuple`.
    """
    return tensor._datatype_enum(), tensor._shape_tuple()  # noqa: SLF001


class TensorStandIn(tf.__internal__.types.Tensor):  # type: ignore[misc]  # TensorFlow is untyped
    """A tensor for `tf.is_tensor`; for `tf.control_dependencies` what computes its value.

    Rests on `tf.__internal__.types.Tensor` and `_as_graph_element`.
    """

    # The base has properties of these names, which could not be set.
    shape: Any = None
    dtype: Any = None

    def read_value(self) -> Tensor:
        """Return the value that it stands for."""
        raise NotImplementedError

    def _as_graph_element(self) -> Tensor:
        return self.read_value()

    def __tf_tracing_type__(self, context: Any) -> _ItselfType:
        return _ItselfType(self)


class _ItselfType(tf.types.experimental.TraceType):  # type: ignore[misc]  # TensorFlow is untyped
    """The type of one object as an argument of a tf.function, which is traced anew for every other one.

    By default TensorFlow would compare the objects by `==`, and these have elements to compare.
    """

    def __init__(self, thing: object) -> None:
        # Weak: a function that is kept would keep every step in which it was called.
        self._thing, self._id = weakref.ref(thing), id(thing)

    def is_subtype_of(self, other: object) -> bool:
        return self == other

    def most_specific_common_supertype(self, others: Iterable[object]) -> _ItselfType | None:
        return self if all(self == other for other in others) else None

    def placeholder_value(self, placeholder_context: object) -> Any:
        return self._thing()

    def to_tensors(self, value: object) -> list[Tensor]:
        return []

    def from_tensors(self, tensors: object) -> Any:
        return self._thing()

    def flatten(self) -> list[Any]:
        return []

    def cast(self, value: Any, cast_context: object) -> Any:
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ItselfType) and self._thing() is other._thing() is not None

    def __hash__(self) -> int:
        return self._id


@contextmanager
def outside_function() -> Iterator[None]:
    """Leave the function that is being traced, to create variables once, whichever of its traces it is.

    A `tf.function` refuses new variables in all traces but its first, since it could not tell whether they
    are created once. Rests on `Graph._variable_creator_stack`; without it only the first trace may.
    """
    # The strategy's own creator stays.
    with _creators(lambda creator: getattr(creator[1], "__name__", "") != "invalid_creator_scope"):
        yield


def plain_variable(shape: Any, dtype: Any, device: str, name: str) -> tf.Variable:
    """Return a variable of zeros on one device, wherever it is asked for, as `outside_function`."""
    with _creators(lambda _: False), tf.device(device):
        return tf.Variable(tf.zeros(shape, dtype), trainable=False, name=name)


@contextmanager
def _creators(keeps: Callable[[Any], bool]) -> Iterator[None]:
    with tf.init_scope():
        graph = tf.compat.v1.get_default_graph()
        creators = getattr(graph, "_variable_creator_stack", [])
        graph._variable_creator_stack = [each for each in creators if keeps(each)]  # noqa: SLF001
        try:
            yield
        finally:
            graph._variable_creator_stack = creators  # noqa: SLF001


def with_outer(graph: tf.Graph) -> list[tf.Graph]:
    """Return a graph and those around it, as of a branch. Rests on `FuncGraph.outer_graph`."""
    outer = getattr(graph, "outer_graph", None)
    # The outermost graph is that of no function, and all of them are inside of it.
    return [graph, *(with_outer(outer) if hasattr(outer, "outer_graph") else [])]


def branching(inner: tf.Graph, outer: tf.Graph | None) -> list[str]:
    """Return what the graphs from `inner` up to `outer` are: "tf.cond", "a loop", or a function by its name.

    Rests on `FuncGraph.outer_graph` and on the names of its subclasses; an unknown one is a function.
    """
    kinds, graph = [], inner
    while graph is not None and graph is not outer and hasattr(graph, "outer_graph"):
        kind = next((each for name, each in _KINDS.items() if type(graph).__name__.startswith(name)), None)
        kinds.append(kind or f"the function {graph.name!r}")
        graph = graph.outer_graph
    return kinds


_KINDS = {"CondBranch": "tf.cond", "While": "a loop"}


def captured_by(graph: tf.Graph, variables: Iterable[tf.Variable]) -> bool:
    """Whether a function uses one of these variables. Rests on `FuncGraph.external_captures`."""
    captured = set(map(id, getattr(graph, "external_captures", [])))
    return any(id(each.handle) in captured for each in variables)


def captured_tensor(tensor: Tensor) -> Tensor:
    """Return the tensor outside of a branch or function that this one stands for there; else itself.

    Rests on `FuncGraph.captures`.
    """
    if isinstance(tensor, EagerTensor) or tensor.op.type != "Placeholder":
        return tensor
    captures = getattr(tensor.graph, "captures", ())
    # What is asked for most often was captured last.
    outer = next((outside for outside, inside in reversed(captures) if inside is tensor), None)
    return tensor if outer is None else captured_tensor(outer)


def creating_strategy(variable: tf.Variable) -> tf.distribute.Strategy | None:
    """Return the strategy that has created a variable. Rests on `Variable._distribute_strategy`."""
    return getattr(variable, "_distribute_strategy", None)


def reads_of(graph: tf.Graph, variables: Iterable[tf.Variable]) -> list[Tensor]:
    """Return what a function reads of these variables. Rests on `FuncGraph.captures`."""
    handles = {id(each.handle) for each in variables}
    inside = {inner.name for outer, inner in getattr(graph, "captures", ()) if id(outer) in handles}
    reads = (each for each in graph.get_operations() if each.type == "ReadVariableOp")
    return [each.outputs[0] for each in reads if each.inputs[0].name in inside]


def keep_from_autograph(package: str) -> None:
    """Have AutoGraph call what a package has as it is, once and for all. Rests on its `config`.

    It converts whatever a function calls that it converts, at the price of many traces.
    """
    from tensorflow.python.autograph.core import config

    rule = config.DoNotConvert(package)
    if not any(str(each) == str(rule) for each in config.CONVERSION_RULES):
        config.CONVERSION_RULES = (rule, *config.CONVERSION_RULES)


def converted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function in which `if`, `while` and `for` work on tensors, and in what it calls of its user.

    Rests on `tf.__internal__.autograph.tf_convert` and on `ag_ctx` of AutoGraph.
    """
    # Imported here: only classes with such control flow need it.
    from tensorflow.python.autograph.core import ag_ctx

    enabled = ag_ctx.ControlStatusCtx(status=ag_ctx.Status.ENABLED)
    changed: Callable[..., Any] = tf.__internal__.autograph.tf_convert(function, enabled, user_requested=True)
    return changed


def converted_for_caller(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that AutoGraph converts if it converts the code that this is called from.

    It skips the code of ours in between (`keep_from_autograph`), and what that calls. In eager mode nothing
    is converted, where errors would change their class.
    """
    if tf.executing_eagerly():
        return function
    autograph = tf.__internal__.autograph
    changed: Callable[..., Any] = autograph.tf_convert(function, autograph.control_status_ctx())
    return changed


def is_out_of_scope(error: Exception) -> bool:
    """Whether a tensor is that of another function. Rests on words, and on `InaccessibleTensorError`."""
    return type(error).__name__ == "InaccessibleTensorError" or "is out of scope" in str(error)


def unique_id(variable: tf.Variable) -> str:
    """Return the key by which classes written for Keras know a variable. Rests on `Variable._unique_id`."""
    return str(variable._unique_id)  # noqa: SLF001


def has_begun() -> bool:
    """Whether TensorFlow has set up its devices, and read its flags. Rests on `Context._initialized`."""
    from tensorflow.python.eager import context

    return bool(context.context()._initialized)  # noqa: SLF001


@cache
def xla_compiles(operation: str, device_kind: str) -> bool:
    """Whether XLA has a kernel for a type of operation, on "CPU" or "GPU".

    Rests on `tensorflow.python.framework.kernels`; without it the answer is yes, and XLA itself may object.
    """
    try:
        # Imported here: this is no public module, and without it only the early warning is missing.
        from tensorflow.python.framework import kernels
    except ImportError:
        return True
    registered = kernels.get_registered_kernels_for_op(operation).kernel
    return any(kernel.device_type == f"XLA_{device_kind}_JIT" for kernel in registered)
