"""The parts of one optimizer, and the one attribute that holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._config.base import NamedConfig, config_of
from optiplug._config.kinds import AnyProcessor, OptimizerConfig, ProcessorConfig
from optiplug._state.checkpointing import Checkpointing
from optiplug._state.dry_run import dry_running
from optiplug._state.slot import State
from optiplug._state.state_io import StateIO
from optiplug._state.stateful import Stateful, StateOwner
from optiplug._state.table import SlotTable
from optiplug._step.devices import step_on_devices
from optiplug._step.pipeline import Pipeline
from optiplug._step.plan import Plan
from optiplug._step.program import Program
from optiplug._step.program_cache import ProgramCache
from optiplug._step.shares import write_shares
from optiplug._types import Gradient, Mesh, Variable
from optiplug._variables.capture import open_frames
from optiplug._variables.model_variables import ModelVariables, is_trainable, unwrapped
from optiplug._variables.packing import Packing
from optiplug.errors import BuildError, ConfigError, HookError

from .complex_variables import refuse_complex
from .decay_products import create_products, products_of
from .exclusions import DecayExclusions
from .groups import OptimizerNode, require_nestable
from .learning_rate import LearningRate
from .meshes import on_mesh, refuse_mesh
from .python_control_flow import traced
from .scaled_losses import ScaledLosses
from .sharded_variables import refuse_split
from .sharding import refuse_hooks
from .turns import Turns
from .update_rule import UpdateRule
from .worker_agreement import WorkerAgreement

__all__ = ["OptimizerParts", "give_parts", "parts_of", "without_parts"]

Result = TypeVar("Result")

# Python reserves names of this form, so no attribute of a subclass has it.
_NAME = "__optiplug__"


class OptimizerParts:
    """The parts of one optimizer: config, variables, state, hooks, and compiled programs.

    They are on one plain object, which tf.Module does not track, so that a subclass may give its
    attributes any names. `checkpointing` tracks the state.
    """

    def __init__(
        self, optimizer: UpdateRule, config: Any, mesh: Mesh | None, *, made_by_config: bool
    ) -> None:
        self.optimizer, self.config, self.mesh = optimizer, config, mesh
        self.made_by_config = made_by_config
        self.variables, self.packing = ModelVariables(), Packing()
        # The order below follows dependencies: table before owner, owner before rate, node before pipeline.
        self.table = SlotTable(self.variables, self.packing)
        self.owner = StateOwner("", self.table, self.variables, state_dtype=config.state_dtype, mesh=mesh)
        self.learning_rate = LearningRate(getattr(config, "learning_rate", None), self.owner)
        self.exclusions = DecayExclusions(config.exclude_from_weight_decay)
        self.added: list[object] = []
        # By `id`: `==` of two tf.Variables compares their values.
        self.built: Mapping[int, Variable] = {}
        self.losses = ScaledLosses()
        self.unnamed = self.unnamed_before_build = 0
        self.averages_in_place = self.warned_of_rows = False
        self.programs = ProgramCache(self.plan, self.table.scratches)
        self.turns = Turns(self.table)
        self.agreement = WorkerAgreement()
        # Functions, since name and processors are known late, and change.
        self.io = StateIO(self.table, self.owners, lambda: self.name, lambda: bool(self.built))
        self.io.on_load = self.agreement.on_load
        self.checkpointing = Checkpointing(
            optimizer, self.table, self.io, lambda: self.name, lambda: bool(self.built)
        )
        self.node = self._new_node()
        self.pipeline = self.new_pipeline()

    def put_inside(self, outer: OptimizerParts, name: str) -> None:
        """Nest this optimizer, which has no state yet, in another one, whose table keeps its state."""
        # One step has one table, so a checkpoint has everything once: docs/design/nesting.md.
        self.variables, self.packing, self.table = outer.variables, outer.packing, outer.table
        self.programs = outer.programs
        self.owner = StateOwner(
            outer.owner.qualified(name),
            outer.table,
            outer.variables,
            state_dtype=self.config.state_dtype or outer.owner.state_dtype,
            mesh=outer.mesh,
        )
        self.learning_rate = LearningRate(self.learning_rate.given, self.owner)
        self.io, self.checkpointing = outer.io, outer.checkpointing
        self.exclusions.outer = outer.exclusions
        self.node = self._new_node()

    def _new_node(self) -> OptimizerNode:
        return OptimizerNode(
            optimizer=self.optimizer,
            config=self.config,
            owner=self.owner,
            learning_rate=self.learning_rate,
            first=self.packing.first,
            exclusions=self.exclusions,
            create_inside=self.create_inside,
        )

    def create_inside(self, config: OptimizerConfig, name: str) -> OptimizerNode:
        """Create an optimizer for some of the variables, and return its node."""
        inner = parts_of(config.create())
        inner.put_inside(self, name)
        # After `put_inside`, so that messages name the group.
        require_nestable(inner.owner.prefix, config, inner.pipeline.processors.values())
        return inner.node

    @property
    def name(self) -> str:
        """The name of the optimizer."""
        return self.node.name

    def owners(self) -> dict[str, type[NamedConfig]]:
        """Return the config of each owner of state, by the prefix of its names."""
        processors = {
            name: config_of(processor)
            for name, processor in self.pipeline.processors.items()
            if isinstance(processor, Stateful)
        }
        return {
            **{node.owner.prefix: type(node.config) for node in self.node},
            **{name: type(config) for name, config in processors.items() if config is not None},
        }

    def iterations(self) -> State:
        """Return the counter of steps, which nested optimizers share; it is created once."""
        held = self.table.states.get("iterations")
        if held is not None:
            return held
        return self.table.add("iterations", owner="", beside=self.owner.place, dtype=tf.int64)

    def create_counters(self) -> None:
        """Create the counter of steps and, if it is a number, the variable of the learning rate."""
        self.iterations()
        # Reading it creates the variable.
        _ = self.learning_rate.source
        create_products(self.node)

    @property
    def compiles(self) -> bool:
        """Whether XLA compiles the step."""
        wanted = self.config.jit_compile
        if distribution.uncompiled(self.owner.place):
            return False
        return bool(tf.config.list_physical_devices("GPU")) if wanted == "auto" else bool(wanted)

    def late(self, variables: Iterable[Variable]) -> list[Variable]:
        """Return those of some variables that are trained and known not yet, as they were given."""
        # By their own ids first: in an eager call this is asked in every step, and mostly of known ones.
        unknown = [each for each in variables if id(each) not in self.built]
        if distribution.any_sharded(unknown):
            unknown = distribution.all_shards(unknown)
        late = [each for each in unknown if id(unwrapped(each)) not in self.built and is_trainable(each)]
        return distribution.all_shards(late)

    def next_name(self) -> str:
        """Return a name for a state variable that is created without one."""
        self.unnamed += 1
        return f"variable_{self.unnamed}"

    def new_pipeline(self, *more: object) -> Pipeline:
        """Return the pipeline of the processors that there are now, and `more`, for the variables."""
        hooks = self.node.hooks([*self.added, *more])
        pipeline = Pipeline(hooks, self.variables, self.packing.first)
        refuse_complex(self.node, pipeline, self.variables)
        refuse_split(self.node, pipeline, self.variables)
        if on_mesh(self.variables):
            refuse_mesh(self.node, pipeline)
        refuse_hooks(pipeline, self.packing, f"{self.name}.processors")
        return pipeline

    def excluded_patterns(self) -> list[str]:
        """Return what is excluded from weight decay, for a config."""
        # A dry run hands the exclusions on by themselves.
        known = bool(self.built) or dry_running()
        return self.exclusions.patterns(self.variables, self.name, built=known)

    def require_exclusions(self) -> None:
        """Refuse exclusions from weight decay without effect, of this optimizer and of nested ones."""
        for node in self.node:
            node.require_exclusions(self.pipeline.decays(node.owner.prefix), complete=self.made_by_config)

    def add_processor(self, processor: object) -> None:
        """Append a processor, unless it is refused."""
        processor = AnyProcessor().check(processor)
        # A config is one object from now on, as its place in the list tells its name.
        if isinstance(processor, ProcessorConfig):
            processor = processor.create()
        # Made for its checks, and dropped: a refused processor must not stay in the list.
        self.new_pipeline(processor)
        self.added.append(processor)
        self.renew_pipeline()
        self.programs.warn_callers(f"{self.name}.add_processor")

    def remove_processor(self, processor: object) -> None:
        """Take out a processor that was added, given that or its config."""
        wanted = AnyProcessor().check(processor)
        self.added.remove(
            next((each for each in self.added if each is wanted or config_of(each) == wanted), wanted)
        )
        self.renew_pipeline()
        self.programs.warn_callers(f"{self.name}.remove_processor")

    def reconfigure(self, config: Any) -> None:
        """Take another config, unless its processors are refused."""
        before = self.config
        self.config = self.node.config = config
        try:
            self.new_pipeline()
        except Exception:
            self.config = self.node.config = before
            raise
        self.owner.state_dtype = config.state_dtype
        self.renew_pipeline()

    def renew_pipeline(self) -> None:
        """Make the pipeline anew; the step is traced again by its next call."""
        self.pipeline = self.new_pipeline()
        self.build_pipeline()

    def build_pipeline(self) -> None:
        """Create the state of processors, and forget the programs of another pipeline."""
        if self.variables:
            self.pipeline.build_state(self.table)
        # After the state of processors, as hooks with slots are refused in a gate.
        self._require_all_rows()
        # A program has the hooks and variables of the moment at which it was traced.
        self.programs.clear()

    def _require_all_rows(self) -> None:
        """Refuse what needs whole gradients or variables where an update takes only rows of them."""
        if self.config.sparse == "exact":
            return
        for rule, names in {
            "gates that keep state for each variable": self.pipeline.with_slots("gate"),
            "processors that need all rows of a table": self.pipeline.needing_all_rows(),
        }.items():
            if names:
                raise ConfigError(
                    f"a lazy optimizer cannot have {rule}",
                    where=self.name,
                    received=names,
                    hint="use sparse: exact, or leave them out",
                )

    def plan(self) -> Plan:
        """Return the plan that a step is traced from."""
        # Here, since a subclass may set attributes until its first step.
        self.checkpointing.require_tracked()
        return Plan(
            update=self.node.update,
            pipeline=self.pipeline,
            variables=self.variables,
            packing=self.packing,
            table=self.table,
            rate_of=self.node.rate_of,
            decay_products=dict(product for node in self.node for product in products_of(node)),
            jit_compile=self.compiles,
            lazy=self.config.sparse == "lazy",
            holds=self.holds,
        )

    @property
    def holds(self) -> bool:
        """Whether gates decide on each replica before gradients are summed over replicas."""
        return bool(self.pipeline.before_sum) and distribution.replicas(next(iter(self.variables))) > 1

    def require_own_sum(self, sums: bool) -> None:
        """Refuse gradients that are summed in another way than by the step, where that is left to it."""
        if not sums:
            raise ConfigError(
                "a processor takes the gradients of each replica, so only the step itself can sum them",
                where=f"{self.name}.apply_gradients",
                received=self.pipeline.before_sum,
                hint="give it gradients that are not summed, or let that processor take sums",
            )

    def programs_for(self, variables: Sequence[Variable]) -> dict[int, Program]:
        """Return the program of each device."""
        return self.programs.get(variables)

    def start(self) -> None:
        """Let state begin as the variables of a model that was made while this step is traced."""

        def start() -> None:
            with tf.init_scope():
                names = self.table.start()
            if names:  # in a first trace, which TensorFlow runs only if it cannot begin with the variables
                rule = f"{self.name}: {names[0]!r} begins as its variable does, which has no value yet. "
                tf.debugging.Assert(
                    tf.constant(False), [rule + "Hint: build the model before it is trained."]
                )

        if self.table.waits:
            distribution.merge(start)

    def follow_rates(self) -> None:
        """Read the learning rates that functions without arguments give, of nested optimizers too."""

        def follow() -> None:
            for node in followed:
                node.learning_rate.follow(node.name)

        followed = [node for node in self.node if node.learning_rate.function]
        if followed:  # once for all replicas, before any part of the step asks for it
            distribution.merge(follow)

    @property
    def in_step(self) -> bool:
        """Whether a step of this optimizer is being traced in this thread."""
        counter = self.table.states.get("iterations")
        return counter is not None and any(frame.knows(id(counter.variable)) for frame in open_frames())

    def require_no_step(self) -> None:
        """Raise `HookError` while a step of this optimizer is being traced in this thread."""
        if self.in_step:
            raise HookError(
                "a step cannot take another step of the same optimizer",
                where=self.name,
                received="`apply_gradients` inside of one of its own hooks",
                hint="change the gradients or updates that the hook is given, or use another optimizer",
            )

    def step(self, variables: Sequence[Variable], gradients: Sequence[Gradient]) -> None:
        """Run the program of each device, in cross-replica context."""
        with self.turns.step(variables):
            self.traced(lambda: step_on_devices(self.programs_for(variables), variables, gradients))

    def traced(self, run: Callable[[], Result]) -> Result:
        """Return what a function gives that traces a step."""
        return traced(run, self.node, self.table.scratches, self.programs.clear)

    def finalize(self, var_list: Sequence[Variable], *, with_state: bool) -> None:
        """Run the stages at the end of training for those variables that were trained."""
        # Variables that were never trained have no state to average.
        given = (shard for each in var_list for shard in distribution.shards_of(each))
        variables = [each for each in map(unwrapped, given) if id(each) in self.built]
        if variables and self.pipeline.stages("end"):
            programs = self.programs.outside_steps(variables).values()
            new = [program.finalize(with_state) for program in programs]
            write_shares([share for share, _ in new[0]], [[value for _, value in own] for own in new])


def parts_of(optimizer: object) -> OptimizerParts:
    """Return the parts of an optimizer.

    Raises
    ------
    BuildError
        If its class has a constructor of its own that does not call that of the base.
    """
    # `vars` and not `getattr`: a `__getattr__` of a subclass might itself need the parts.
    parts = vars(optimizer).get(_NAME)
    if not isinstance(parts, OptimizerParts):
        raise BuildError(
            f"the constructor of {type(optimizer).__name__} must call `super().__init__(...)` first",
            where=type(optimizer).__name__,
            hint="an optimizer has no parts before that",
        )
    return parts


def without_parts(optimizer: object) -> bool:
    """Whether the constructor of the base has not run yet."""
    return _NAME not in vars(optimizer)


def give_parts(optimizer: UpdateRule, parts: OptimizerParts) -> None:
    """Store the parts in the instance dictionary: `setattr` of tf.Module would track them."""
    optimizer.__dict__[_NAME] = parts
    parts.checkpointing.track()
