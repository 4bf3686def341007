"""The config bases of the five kinds of plugins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from optiplug import registry
from optiplug._hookspecs import STAGES, hook_names
from optiplug._registry.document_control import SCHEMA
from optiplug.errors import ConfigError

from .base import NamedConfig, ScheduleConfig, config_of, reference_schema, resolve
from .conditions import alone
from .goal import Goal
from .hyperparameters import (
    OPTIONAL,
    REGULAR,
    NonNegativeInt,
    NonNegativeScalar,
    PathGlobs,
    PositiveInt,
    PositiveScalar,
    UnitScalar,
)
from .section import Section

__all__ = [
    "AnyProcessor",
    "CommandConfig",
    "OptimizerConfig",
    "ProcessorConfig",
    "ScheduleConfig",
    "Section",
    "Selection",
    "TaskConfig",
]

_CONTROL = {"anyOf": [dict(SCHEMA), {"type": "null"}]}
_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


class Selection(Section):
    """Base of a part of a config that chooses variables by their paths.

    A variable is chosen if it matches a glob in `only`, or that is empty, if it matches none in `skip`,
    and if it has at least `min_ndim` dimensions. ``optimizer.select(selection, variables, where)`` returns
    the variables.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> kernel, bias = tf.Variable([[1.0]], name="layer/kernel"), tf.Variable([1.0], name="layer/bias")
    >>> optimizer = optiplug.create("sgd")
    >>> optimizer.build([kernel, bias])
    >>> matrices = optiplug.Selection(only=["layer/*"], min_ndim=2)
    >>> [optimizer.path(each) for each in optimizer.select(matrices, [kernel, bias], "matrices")]
    ['layer/kernel']
    """

    only: PathGlobs = ()
    """Globs on variable paths; only variables that match one are chosen. Empty: all."""
    skip: PathGlobs = ()
    """Globs on variable paths; variables that match one are left alone."""
    min_ndim: NonNegativeInt = 0
    """Variables with fewer dimensions are left alone."""

    @staticmethod
    def matches(path: str, glob: str) -> bool:
        """Whether a glob matches a path: it does if it is that path, whatever brackets are in it.

        What begins with ``re:`` is a regular expression that is searched in the path. A ``?`` before either
        says that it may match nothing, and is no part of it.

        >>> from optiplug import Selection
        >>> [Selection.matches(path, "layer[0]/bias") for path in ("layer[0]/bias", "layer0/bias", "bias")]
        [True, True, False]
        >>> [Selection.matches(path, "re:bi.s$") for path in ("layer/bias", "bias/kernel")]
        [True, False]
        >>> [Selection.matches(path, "?*norm") for path in ("layer_norm", "norm", "bias")]
        [True, True, False]
        """
        if path == glob:
            return True
        glob = glob.removeprefix(OPTIONAL)
        if glob.startswith(REGULAR):
            return re.search(glob.removeprefix(REGULAR), path) is not None
        # `fnmatchcase`: `fnmatch` ignores case on some systems.
        return path == glob or fnmatchcase(path, glob)

    @staticmethod
    def is_optional(glob: str) -> bool:
        """Whether a pattern may match nothing: it begins with ``?``.

        >>> from optiplug import Selection
        >>> Selection.is_optional("?*norm*"), Selection.is_optional("*norm*")
        (True, False)
        """
        return glob.startswith(OPTIONAL)


class ProcessorConfig(Selection, NamedConfig):
    """Base of the configs of processors, which take part in stages of a step.

    Class attributes hold for all processors of a class: `elementwise`, `complex_variables`, `no_mesh`,
    `copies` and `passes` as in `OptimizerConfig`. `takes_rows` says that the rows of a table that have a
    gradient are enough: with ``sparse: lazy`` a processor gets no others. None: as `elementwise` says.
    `decays` says that it is a weight decay, which leaves alone what `exclude_from_weight_decay` excludes;
    hooks for the stage `decay` are anyway. `reduces` says that a hook after the stage `share` adds up
    elements, as for a norm, which shares of a variable are not enough for.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field.

    Examples
    --------
    >>> import optiplug
    >>> class ScaleConfig(optiplug.ProcessorConfig):
    ...     implementation = "my_package.scale:Scale"
    ...     elementwise = True
    ...     factor: optiplug.PositiveScalar = 0.5
    >>> ScaleConfig(skip=["*/bias"]).skip
    ('*/bias',)
    """

    kind = "processors"
    elementwise: ClassVar[bool] = False
    complex_variables: ClassVar[bool | None] = False
    no_mesh: ClassVar[str] = ""
    takes_rows: ClassVar[bool | None] = None
    decays: ClassVar[bool] = False
    reduces: ClassVar[bool] = False
    copies: ClassVar[str] = ""
    passes: ClassVar[Mapping[str, float]] = MappingProxyType({})

    name: str | None = None
    """Name of this processor and of its state; by default the one in the registry."""


class TaskConfig(NamedConfig):
    """Base of the configs of tasks: a model, its data and its loss.

    `implementation` names a class with the methods of `Task`, or a function that returns such an object;
    it is called with the config. See `optiplug.Task`. `goal` is a `Goal`: what figure of the task, with the
    defaults of its config, is to be reached in how many steps; None if nobody has said.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field.

    Examples
    --------
    >>> import optiplug
    >>> class SpiralConfig(optiplug.TaskConfig):
    ...     implementation = "my_package.spiral:Spiral"
    ...     examples: optiplug.PositiveInt = 1000
    >>> SpiralConfig(examples=0)
    Traceback (most recent call last):
    optiplug.ConfigError: examples: must be >= 1. Received: 0.
    """

    kind = "tasks"
    goal: ClassVar[Goal | None] = None

    def shapes(self) -> Mapping[str, tuple[int, ...]] | None:
        """Return the shapes of the variables by name, if they can be told without TensorFlow.

        With them patterns that match no variable are found when a config is read, before anything is loaded.
        """
        return None


class CommandConfig(NamedConfig):
    """Base of the configs of commands, which plugins add to the command line ``optiplug``.

    `implementation` names the function that the command line runs; its signature is that of the command.
    A document with ``command: NAME`` gives the fields of this config. `record` is the name of a field without
    effect that maps distributions to the versions that something was made with, for `optiplug diff`.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field.

    Examples
    --------
    >>> import optiplug
    >>> class GreetConfig(optiplug.CommandConfig):
    ...     implementation = "my_package.greet:greet"
    ...     name: str = "world"
    >>> GreetConfig().name
    'world'
    """

    kind = "commands"
    record: ClassVar[str] = ""

    plugins: Annotated[dict[str, Any] | None, WithJsonSchema(_CONTROL)] = None
    """What the document may use: `require`, `allow`, `block`, `strict`; None: whatever is installed."""

    @model_validator(mode="wrap")
    @classmethod
    def _within_plugins(cls, values: Any, validated: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(values, Mapping) or values.get("plugins") is None:
            return validated(values)
        from .documents import check_parts  # which needs the kinds

        with registry.limited(values):
            config = validated(values)
            check_parts(config)
        return config


class AnyProcessor:
    """Annotation of an entry of `processors`: a config, what names one, or an object with hooks."""

    def check(self, value: object) -> object:
        """Return a config, resolved where it was named, or the object."""
        if isinstance(value, NamedConfig | Mapping | str):
            return resolve(ProcessorConfig.kind, value)
        # Its methods are marked, too, so it would be accepted and fail in the first step.
        if isinstance(value, type):
            raise ConfigError(
                "must be an object, not a class", received=value, hint=f"write {value.__name__}()"
            )
        if isinstance(config_of(value), ProcessorConfig) or hook_names(value):
            return value
        raise ConfigError(
            "must be a processor's name, `use: NAME` with its fields, or an object with hooks",
            received=value,
            hint=f"mark a method named after a stage ({', '.join(STAGES)}) with @hookimpl",
        )

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return reference_schema(ProcessorConfig.kind)


_Entry: TypeAlias = Annotated[Any, AnyProcessor()]


class OptimizerConfig(NamedConfig):
    """Base of the configs of optimizers, with the fields that every optimizer accepts.

    Class attributes hold for all optimizers of a class: `elementwise`, whether the update of an element
    depends on no other; `stackable`, whether variables of one shape may come stacked on a first axis;
    `complex_variables`, whether the formula is right for them, which `build` refuses if not (None: nobody
    knows); `no_mesh`, the reason if the formula cannot run on a DTensor mesh, where `build` refuses it then;
    `copies`, the reason if the compiled step copies a variable; `passes`, what takes how many more passes
    over memory than reading and writing each value once (where these depend on hyperparameters, properties);
    `own_weight_decay`, whether `weight_decay` is a part of the formula and not a stage before it; `unsaid`,
    the keys beside our fields that configs of Keras have, with the value that says nothing.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field, or two of the clips are given.

    Examples
    --------
    >>> import optiplug
    >>> class DescentConfig(optiplug.OptimizerConfig):
    ...     implementation = "my_package.descent:Descent"
    ...     elementwise = True
    ...     learning_rate: optiplug.NonNegativeScalar = 0.01
    >>> DescentConfig(learning_rate=1, clipnorm=2).clipnorm
    2.0
    """

    kind = "optimizers"
    elementwise: ClassVar[bool] = False
    stackable: ClassVar[bool] = False
    complex_variables: ClassVar[bool | None] = False
    no_mesh: ClassVar[str] = ""
    own_weight_decay: ClassVar[bool] = False
    copies: ClassVar[str] = ""
    passes: ClassVar[Mapping[str, float]] = MappingProxyType({})
    replaced: ClassVar[Mapping[str, str]] = {
        "lr": "write `learning_rate`",
        "decay": "give `learning_rate` a schedule: inverse_time with decay_steps=1 and this decay_rate",
        "gradient_aggregator": "write a hook for `pre_aggregate`, or override `aggregate_gradients`",
        "gradient_transformers": "list them under `processors`, as objects with a hook for `clip`",
        "gradient_accumulation_steps": "list {'use': 'accumulate', 'steps': ...} under `processors`",
        "loss_scale_factor": "list {'use': 'loss_scale', 'initial_scale': ..., 'dynamic': False} there",
    }
    needs: ClassVar[Mapping[str, str]] = {"ema_momentum": "use_ema", "ema_overwrite_frequency": "use_ema"}
    unsaid: ClassVar[Mapping[str, object]] = {
        "decay": 0.0,
        "gradient_accumulation_steps": None,
        "loss_scale_factor": None,
    }

    name: str | None = None
    """Name of the optimizer and of its state; by default the one in the registry."""
    weight_decay: NonNegativeScalar | None = None
    """Decoupled weight decay: ``variable -= variable * weight_decay * learning_rate`` before the update."""
    clipnorm: PositiveScalar | None = None
    """Largest Euclidean norm of each gradient; a number or a schedule."""
    clipvalue: PositiveScalar | None = None
    """Largest absolute value of each element of each gradient; a number or a schedule."""
    global_clipnorm: PositiveScalar | None = None
    """Largest global norm: the Euclidean norm of all gradients together; a number or a schedule."""
    use_ema: bool = False
    """Keep an exponential moving average of each variable."""
    ema_momentum: UnitScalar = 0.99
    """Decay rate of that average."""
    ema_overwrite_frequency: PositiveInt | None = None
    """Number of steps after which variables are overwritten with their averages; None: only at the end."""
    jit_compile: bool | Literal["auto"] = True
    """Compile the step with XLA, also on the CPU; "auto": only where there is a GPU, as Keras does."""
    sparse: Literal["exact", "lazy"] = "exact"
    """Sparse gradients: "exact" equals dense ones, "lazy" skips rows without a gradient, and their state."""
    state_dtype: Literal["bfloat16", "float32", "variable"] | None = None
    """Dtype in which slots are stored; "variable": that of each variable; None: that, or float32 for half."""
    pack_small_variables: bool = True
    """Join small variables, or stack them, where the formula allows it: faster, with the same results."""
    sharded_state: bool = False
    """Let each replica of a strategy keep its share of the state of large variables, and update those."""
    exclude_from_weight_decay: PathGlobs = ()
    """Globs on the paths of variables that are excluded from weight decay, of optimizers inside too."""
    processors: tuple[_Entry, ...] = ()
    """Processors, and in code any objects with hooks, in the order in which they run."""

    @classmethod
    def _between_fields(cls) -> list[dict[str, Any]]:
        eager = [] if cls.elementwise else [{"properties": {"sparse": {"const": "exact"}}}]
        return [*super()._between_fields(), *alone(cls, _CLIPS), *eager]

    @field_validator("sparse")
    @classmethod
    def _lazy_by_elements(cls, value: str) -> str:
        if value == "lazy" and not cls.elementwise:
            rule = "only an optimizer that treats every element alike can be lazy"
            raise ConfigError(rule, received=value, hint="its config says so with `elementwise = True`")
        return value

    @field_validator(*_CLIPS)
    @classmethod
    def _only_one_clip(cls, value: float | None, info: ValidationInfo) -> float | None:
        # pydantic validates fields in order, so the message stands at the second one.
        earlier = [name for name in _CLIPS if info.data.get(name) is not None]
        if value is not None and earlier:
            raise ConfigError(
                f"cannot be combined with {earlier[0]}",
                received=value,
                hint="give one of them, or list both clips under `processors`",
            )
        return value
