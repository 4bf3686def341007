"""The strategies of tf.distribute: replicas that hold the same variables and see other data.

A step has three parts. Each replica computes its own gradients; they are summed in replica
context, outside XLA, because no collective can be inside a cluster on CPU; then everything else
runs once per device on that device's own variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import tensorflow as tf

from optiplug._tf_private import creating_strategy, outside_function
from optiplug._types import DType, Gradient, Shape, Strategy, Tensor, Variable
from optiplug.errors import ReplicaContextError

from .first_value import first_value
from .parameter_servers import is_served
from .waiting import watched, watching
from .worker_errors import worker_errors
from .workers import Workers, workers_of

__all__ = [
    "components",
    "create_beside",
    "merge",
    "on_each_device",
    "own_strategy",
    "place_of",
    "replica_index",
    "require_replica_context",
    "scope_of",
    "sum_over_replicas",
    "summed",
    "workers_beside",
]

# Each device has a whole copy of every variable, so their elements can be joined.
_KEEPS_WHOLE = (
    tf.distribute.MirroredStrategy,
    tf.distribute.MultiWorkerMirroredStrategy,
    tf.distribute.OneDeviceStrategy,
    tf.distribute.experimental.CentralStorageStrategy,
)


def require_replica_context(variable: Variable) -> None:
    """Raise `ReplicaContextError` outside of a replica of the strategy that `variable` belongs to."""
    strategy = tf.distribute.get_strategy()
    # Without a strategy, one on a server is an ordinary variable that is far away.
    elsewhere = tf.distribute.has_strategy() or not is_served(variable)
    if tf.distribute.in_cross_replica_context() or (_strategy_of(variable) is not strategy and elsewhere):
        raise ReplicaContextError(
            "`apply_gradients` must be called in a replica context",
            received=f"variables of {type(_strategy_of(variable)).__name__}, "
            f"in a cross-replica context of {type(strategy).__name__}",
            hint="call it inside the function that you pass to `strategy.run`",
        )


def replica_index() -> int:
    """Return the place of the replica that calls eagerly, among all replicas."""
    return int(tf.distribute.get_replica_context().replica_id_in_sync_group)


def sum_over_replicas(gradients: Sequence[Gradient]) -> list[Gradient]:
    """Sum each gradient over all replicas; every replica gets the same result."""
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync == 1:
        return list(gradients)

    def own() -> list[Gradient]:
        # A tensor that is one object on every replica, such as a captured constant, has no device of
        # its own, and TensorFlow refuses to reduce it: an identity makes one for this replica.
        return [_own(each) for each in gradients]

    def summed(own: Sequence[Gradient]) -> list[Gradient]:
        return list(replica.all_reduce(tf.distribute.ReduceOp.SUM, own))

    workers = workers_of(replica.strategy)
    if workers is None:
        return summed(own())
    return watched(workers, replica.strategy, own, _summed_eagerly if tf.executing_eagerly() else summed)


def _summed_eagerly(gradients: Sequence[Gradient]) -> list[Gradient]:
    """Sum gradients over the replicas of all workers, and tell of a worker that is lost."""

    def summed(strategy: Strategy, *merged: Gradient) -> Any:
        # As `all_reduce` does it: in the thread of the caller, which alone gets the errors.
        pairs = [(each, getattr(each, "device", each)) for each in merged]
        with worker_errors():
            return strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs)

    return list(tf.distribute.get_replica_context().merge_call(summed, args=gradients))


def summed(variable: Variable, values: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
    """Return for each device of this process the sums over all replicas, given what each of its own has.

    It is called in cross-replica context, where it may be in a condition; if there are several processes, all
    of them have to call it.
    """
    strategy: Strategy = variable.distribute_strategy
    places, count = strategy.experimental_local_results(variable), len(values[0])

    def own() -> list[Gradient]:
        given: list[Gradient] = []
        for place, each in zip(places, values, strict=True):
            with tf.device(place.device):
                given += map(tf.identity, each)
        return given

    def reduced(own: Sequence[Gradient]) -> list[Gradient]:
        pairs = []
        for number in range(count):
            parts = iter(own[number::count])
            every = strategy.experimental_distribute_values_from_function(lambda _: next(parts))  # noqa: B023
            pairs.append((every, variable))
        sums: list[Any] = list(strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs))
        found: list[Gradient] = []
        strategy.extended.update(variable, lambda _, mine: found.extend(mine), args=(sums,), group=False)
        return found

    workers = workers_of(strategy)
    with scope_of(strategy), worker_errors():
        flat = reduced(own()) if workers is None else watched(workers, strategy, own, reduced)
    return [flat[begin : begin + count] for begin in range(0, len(flat), count)]


def _own(gradient: Gradient) -> Gradient:
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(
            tf.identity(gradient.values), tf.identity(gradient.indices), gradient.dense_shape
        )
    return tf.identity(gradient)


def merge(function: Callable[..., object], *arguments: Sequence[Gradient]) -> None:
    """Call `function` once, in cross-replica context, with the arguments of all replicas."""
    if tf.distribute.has_strategy() and not tf.distribute.in_cross_replica_context():
        replica = tf.distribute.get_replica_context()
        # `merge_call` hands over the strategy first.
        replica.merge_call(lambda _, *merged: function(*merged), args=arguments)
    else:
        function(*arguments)


def components(variables: Sequence[Variable]) -> list[list[Variable]]:
    """Return, for each device of this process, its own component of every variable.

    Raises
    ------
    ReplicaContextError
        If the variables do not all belong to one strategy.
    """
    strategy = _strategy_of(variables[0])
    strangers = [each.name for each in variables if own_strategy(each) is not own_strategy(variables[0])]
    if strangers:
        raise ReplicaContextError(
            f"every variable of a step must belong to the same {type(strategy).__name__}",
            received=strangers[:5],
            hint="create the model and the optimizer inside `with strategy.scope():`",
        )
    owned: list[list[Any]] = []
    with tf.init_scope(), scope_of(strategy):
        for variable in variables:
            owned.append([])
            # The public way to a component, alike for all strategies. `group=True` wants operations returned.
            strategy.extended.update(variable, owned[-1].append, group=False)
    return [list(device) for device in zip(*owned, strict=True)]


def on_each_device(
    programs: Mapping[int, Callable[[Sequence[Gradient]], object]],
    variable: Variable,
    gradients: Sequence[Gradient],
) -> None:
    """Run each device's program on its gradients; its component of `variable` is the key to its program."""
    if tf.distribute.has_strategy():
        tf.distribute.get_strategy().extended.update(
            variable, lambda own, values: programs[id(own)](values), args=(list(gradients),), group=False
        )
    else:
        # Without a strategy the variable is its own component.
        programs[id(variable)](gradients)


def create_beside(
    variable: Variable, initial: Callable[[], Tensor | float], *, shape: Shape, dtype: DType, name: str
) -> Variable:
    """Create a variable on the devices of `variable`, by its strategy, even while a function is traced.

    Without a variable to stand beside, it is created by the strategy whose scope is open.
    """
    strategy = _strategy_of(variable)

    def value() -> Any:
        # A function, as TensorFlow calls it once on each device.
        return tf.broadcast_to(first_value(initial, dtype), shape)

    # A step may be traced just now; variables are created outside of its function, once.
    with (
        outside_function(),
        scope_of(strategy),
        _colocated(strategy, variable),
        # The first worker sends its value to all others, and each waits for that.
        worker_errors(),
        watching(workers_of(strategy)),
    ):
        created = tf.Variable(
            value,
            trainable=False,
            shape=shape,
            dtype=dtype,
            name=name,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
    return _as_number(created) if tf.TensorShape(shape).rank == 0 else created


def _as_number(variable: Variable) -> Variable:
    """Let `int` and `float` take a scalar of a strategy, as they take one without."""
    if not hasattr(type(variable), "__int__"):
        # Of its own class still: TensorFlow knows the variables of strategies by their classes.
        variable.__class__ = _number(type(variable))
    return variable


_numbers: dict[type, type] = {}


def _number(kind: type) -> type:
    if kind in _numbers:
        return _numbers[kind]
    members = {
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        "__int__": lambda self: int(self.numpy()),
        "__float__": lambda self: float(self.numpy()),
    }
    _numbers[kind] = type(kind.__name__, (kind,), members)
    return _numbers[kind]


def place_of(variable: Variable) -> Any:
    """Return the strategy and the device of a variable; None where variables are split up or far away."""
    strategy = own_strategy(variable)
    if strategy is not None and not isinstance(strategy, _KEEPS_WHOLE):
        return None
    return id(strategy), variable.device


def workers_beside(variable: Variable) -> Workers | None:
    """Return the workers of the strategy of a variable; None if this process is alone."""
    return workers_of(own_strategy(variable))


def own_strategy(variable: Variable | None) -> Strategy | None:
    """Return the strategy that has created a variable, None for one that none has."""
    # One on a parameter server does not tell by itself.
    known = getattr(variable, "distribute_strategy", None)
    tells = known is not None or variable is None or not is_served(variable)
    return known if tells else creating_strategy(variable)


def _strategy_of(variable: Variable) -> Strategy:
    return own_strategy(variable) or tf.distribute.get_strategy()


def scope_of(strategy: Strategy) -> AbstractContextManager[object]:
    """Open the scope of a strategy; inside a replica of it, it is open and cannot be opened again."""
    return nullcontext() if strategy is tf.distribute.get_strategy() else strategy.scope()


def _colocated(strategy: Strategy, variable: Variable | None) -> AbstractContextManager[object]:
    return nullcontext() if variable is None else strategy.extended.colocate_vars_with(variable)
