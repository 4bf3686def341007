"""What `optax` chains around an optimizer: processors here, and the parts that an optimizer is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optiplug_convert.rules import Ignored, Neutral, Row, Rule, To, Unsupported

from .optax import OPTIMIZERS

__all__ = ["AROUND", "BEFORE", "DIRECTIONS", "RATES", "UNSUPPORTED"]

_MASK = Neutral((None,), "write globs in `skip` of the processor")
_FUNCTION = Unsupported("it is a function: write a processor with a hook")

BEFORE: Mapping[str, Row] = {
    "clip": Row("clip_by_value", {"max_delta": To("max_value")}),
    "clip_by_global_norm": Row("clip_by_global_norm", {"max_norm": To("max_norm")}),
    "adaptive_grad_clip": Row(
        "agc",
        {
            "clipping": To("clip_factor"),
            "eps": To("epsilon"),
            "axis": Neutral((None,), "the last axis of a variable is that of its units"),
        },
    ),
    "add_decayed_weights": Row("l2", {"weight_decay": To("strength"), "mask": _MASK}),
    "add_noise": Row(
        "add_noise",
        {"eta": To("eta"), "gamma": To("gamma"), "seed": To("seed"), "key": Ignored("`seed`")},
        notes=("other random numbers than those of jax",),
    ),
    "centralize": Row(
        "centralize_gradients", {}, notes=("the axis of the units is the first in optax, and the last here",)
    ),
}
"""Before an optimizer; after it, decayed weights are decoupled ones."""

AROUND: Mapping[str, tuple[str, Row]] = {
    "MultiSteps": (
        "opt",
        Row(
            "accumulate",
            {
                "every_k_schedule": To("steps"),
                "use_grad_mean": To("reduction", value=lambda value: "mean" if value else "sum"),
                "should_skip_update_fn": Neutral((None,), "add the processor `skip_non_finite`"),
                "accumulator_dtype": Neutral((None, "float32"), "`state_dtype` holds for all slots"),
            },
        ),
    ),
    "apply_if_finite": (
        "inner",
        Row(
            "skip_non_finite",
            {"max_consecutive_errors": Ignored("here steps are skipped however many they are")},
            notes=("optax looks at updates, and takes one after so many errors: here it is the gradients",),
        ),
    ),
    "lookahead": (
        "fast_optimizer",
        Row(
            "lookahead",
            {
                "sync_period": To("sync_period"),
                "slow_step_size": To("slow_step_size"),
                "reset_state": Neutral((False,), "state stays"),
            },
            notes=("in optax the gradients are those of the slow weights' own parameters",),
        ),
    ),
}
"""Around an optimizer, which is an argument."""


def _direction(name: str, **more: Rule) -> Row:
    """Return the row of an optimizer without its rate and its decay."""
    row = OPTIMIZERS[name]
    if not isinstance(row, Row):
        raise TypeError(name)
    without = ("learning_rate", "weight_decay", "mask")
    arguments = {key: rule for key, rule in row.arguments.items() if key not in without}
    defaults = {key: value for key, value in row.defaults.items() if key not in without}
    fixed = {key: value for key, value in row.fixed.items() if key not in without}
    return replace(row, arguments={**arguments, **more}, defaults=defaults, fixed=fixed)


DIRECTIONS: Mapping[str, Row] = {
    "identity": Row("sgd", {}),
    "trace": Row(
        "sgd",
        {
            "decay": To("momentum"),
            "nesterov": To("nesterov"),
            "accumulator_dtype": Neutral((None,), "`state_dtype` holds for all slots"),
        },
    ),
    "scale_by_adam": _direction("adam"),
    "scale_by_amsgrad": _direction("amsgrad"),
    "scale_by_adamax": _direction("adamax"),
    "scale_by_belief": _direction("adabelief"),
    "scale_by_lion": _direction(
        "lion",
        mode=Neutral(("hard",), "the sign is that of the paper"),
        smooth_beta=Ignored("it belongs to `mode`"),
    ),
    "scale_by_radam": _direction("radam"),
    "scale_by_rms": _direction("rmsprop"),
    "scale_by_sign": _direction("sign_sgd"),
    "scale_by_rss": _direction("adagrad"),
    "scale_by_adadelta": _direction("adadelta"),
}
"""What makes a direction of gradients, for which a rate comes after it."""

RATES: Mapping[str, Row] = {
    "scale_by_learning_rate": Row(
        "constant",
        {"learning_rate": To("value"), "flip_sign": Neutral((True,), "the loss is minimized")},
    ),
    "scale": Row("constant", {"step_size": To("value")}),
    "scale_by_schedule": Row("constant", {"step_size_fn": To("value")}),
}
"""What multiplies a direction by a rate: the negative one, but for `scale_by_learning_rate`."""

_LINE_SEARCH = Unsupported("it evaluates the loss several times in a step")
_OF_UPDATES = (
    "it acts on updates between the direction and the rate: write a processor with a hook for `update`"
)

UNSUPPORTED: Mapping[str, Unsupported] = {
    "apply_every": Unsupported("write MultiSteps, which averages gradients and steps once"),
    "clip_by_block_rms": Unsupported(f"{_OF_UPDATES}, or use the processor `update_clip`"),
    "conditionally_mask": _FUNCTION,
    "conditionally_transform": _FUNCTION,
    "ema": Unsupported("it averages updates: the processor `ema` averages variables"),
    "flatten": Unsupported("small variables are joined by themselves"),
    "freeze": Unsupported("it has a mask: use the processor `freeze`, with globs"),
    "inject_hyperparams": Unsupported("every rate may be set while training: convert what is in it"),
    "inject_stateful_hyperparams": Unsupported("convert what is in it"),
    "keep_params_nonnegative": Unsupported("use the processor `non_negative`, which comes after the update"),
    "masked": Unsupported("it has a mask: write globs in `only` and `skip` of the processor"),
    "measure_with_ema": _FUNCTION,
    "microbatch": _FUNCTION,
    "monitor": Unsupported("use the processor `monitor`"),
    "multi_transform": Unsupported("it has labels: write `use: partition`, with globs"),
    "named_chain": Unsupported("write `chain`, without the names"),
    "normalize_by_update_norm": Unsupported(_OF_UPDATES),
    "partition": Unsupported("it has labels: write `use: partition`, with globs"),
    "scale_by_adan": Unsupported("write `adan`"),
    "scale_by_backtracking_linesearch": _LINE_SEARCH,
    "scale_by_distance_over_gradients": Unsupported("use the optimizer `dog`"),
    "scale_by_factored_rms": Unsupported("write `adafactor`"),
    "scale_by_lbfgs": _LINE_SEARCH,
    "scale_by_novograd": Unsupported("write `novograd`"),
    "scale_by_optimistic_gradient": Unsupported("steps that look ahead of a game are not here"),
    "scale_by_param_block_norm": Unsupported(_OF_UPDATES),
    "scale_by_param_block_rms": Unsupported(_OF_UPDATES),
    "scale_by_polyak": Unsupported("its step needs the value of the loss"),
    "scale_by_rprop": Unsupported("steps of one size for each element are not here"),
    "scale_by_sm3": Unsupported("write `sm3`"),
    "scale_by_stddev": Unsupported("write `rmsprop` with `centered`"),
    "scale_by_trust_ratio": Unsupported("write `lamb` or `lars`, or use the processor `trust_ratio`"),
    "scale_by_yogi": Unsupported("write `yogi`"),
    "scale_by_zoom_linesearch": _LINE_SEARCH,
    "selective_transform": Unsupported("it has a mask: use the processor `freeze`, with globs"),
    "set_to_zero": Unsupported("use the processor `freeze`"),
    "skip_large_updates": _FUNCTION,
    "skip_not_finite": Unsupported("use the processor `skip_non_finite`"),
    "snapshot": _FUNCTION,
    "stateless": _FUNCTION,
    "stateless_with_tree_map": _FUNCTION,
    "with_extra_args_support": Unsupported("convert what is in it"),
    "zero_nans": Unsupported("it hides what is wrong: use the processor `skip_non_finite`"),
}
