"""Values for the arguments of every class in the tables of optiplug-convert."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from optiplug_convert.rules import Row, Unsupported
from optiplug_convert.sources.addons import ADDONS
from optiplug_convert.sources.addons_wrappers import WRAPPERS
from optiplug_convert.sources.keras import OPTIMIZERS as KERAS
from optiplug_convert.sources.keras_legacy import LEGACY_OPTIMIZERS
from optiplug_convert.sources.keras_schedules import ADDONS_SCHEDULES
from optiplug_convert.sources.model_garden import GARDEN
from optiplug_convert.sources.model_garden_schedules import RATES, WARMUPS
from optiplug_convert.sources.optax import OPTIMIZERS as OPTAX
from optiplug_convert.sources.optax_schedules import SCHEDULES
from optiplug_convert.sources.optax_transforms import AROUND, BEFORE, DIRECTIONS
from optiplug_convert.sources.optax_transforms import RATES as OPTAX_RATES
from optiplug_convert.sources.torch import OPTIMIZERS as TORCH
from optiplug_convert.sources.torch_schedulers import SCHEDULERS

__all__ = ["TABLES", "rows", "sample", "unsupported"]

Form = dict[str, Any]


def _keras(name: str, arguments: Form, **more: Any) -> Form:
    return {"class_name": name, "config": arguments, **more}


def _legacy(name: str, arguments: Form) -> Form:
    return _keras(name, arguments, module="keras.optimizers.legacy")


def _addons(name: str, arguments: Form) -> Form:
    return _keras(f"Addons>{name}", arguments)


def _wrapped(name: str, arguments: Form) -> Form:
    wrapper = WRAPPERS[name]
    inner = "SGD" if wrapper.passes_on else {"class_name": "SGD", "config": {"learning_rate": 0.5}}
    return _addons(name, {wrapper.optimizer: inner, **arguments})


def _addons_schedule(name: str, arguments: Form) -> Form:
    arguments = {"initial_learning_rate": 0.1, "maximal_learning_rate": 0.2, "step_size": 5, **arguments}
    return _keras("SGD", {"learning_rate": {"class_name": f"Addons>{name}", "config": arguments}})


def _garden(name: str, arguments: Form) -> Form:
    rate = {"type": "constant", "constant": {"learning_rate": 0.5}}
    return {"optimizer": {"type": name, name: arguments}, "learning_rate": rate}


_GARDEN_NEEDS = {
    "stepwise": {"boundaries": [3, 7], "values": [0.5, 0.25, 0.125]},
    "exponential": {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5},
    "polynomial": {"initial_learning_rate": 0.5, "decay_steps": 4},
    "cosine": {"initial_learning_rate": 0.5, "decay_steps": 4},
    "power": {"initial_learning_rate": 0.5},
    "power_with_offset": {"initial_learning_rate": 0.5},
    "power_linear": {"initial_learning_rate": 0.5, "total_decay_steps": 10},
    "step_cosine_with_offset": {"boundaries": [0, 5], "values": [0.5, 0.25]},
}


def _garden_rate(name: str, arguments: Form) -> Form:
    told = {"type": name, name: {**_GARDEN_NEEDS[name], **arguments}}
    warmup = {"type": "linear", "linear": {"warmup_steps": arguments.get("offset", 2)}}
    return {"optimizer": {"type": "sgd"}, "learning_rate": told, "warmup": warmup}


def _garden_warmup(name: str, arguments: Form) -> Form:
    form = _garden("sgd", {})
    return {**form, "warmup": {"type": name, name: {"warmup_steps": 4, **arguments}}}


def _torch(name: str, arguments: Form) -> Form:
    return {"optimizer": name, "params": [0], **arguments}


_SCHEDULER_NEEDS: Mapping[str, Form] = {
    "StepLR": {"step_size": 3},
    "MultiStepLR": {"milestones": [3, 5]},
    "ExponentialLR": {"gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 6},
    "CosineAnnealingWarmRestarts": {"T_0": 4},
    "CyclicLR": {"base_lr": 0.1, "max_lr": 0.4, "step_size_up": 3, "cycle_momentum": False},
    "OneCycleLR": {"max_lr": 0.5, "total_steps": 10, "cycle_momentum": False},
}


def _scheduler(name: str, arguments: Form) -> Form:
    told = {"scheduler": name, **_SCHEDULER_NEEDS.get(name, {}), **arguments}
    return {"optimizer": "SGD", "lr": 0.5, "lr_scheduler": told}


def _optax(name: str, arguments: Form) -> Form:
    return {"optax": name, "learning_rate": 0.5, **arguments}


_SCHEDULE_NEEDS: Mapping[str, Form] = {
    "constant_schedule": {"value": 0.5},
    "cosine_decay_schedule": {"init_value": 0.5, "decay_steps": 6},
    "exponential_decay": {"init_value": 0.5, "transition_steps": 3, "decay_rate": 0.5},
    "linear_schedule": {"init_value": 0.5, "end_value": 0.25, "transition_steps": 6},
    "polynomial_schedule": {"init_value": 0.5, "end_value": 0.1, "power": 2.0, "transition_steps": 6},
    "piecewise_constant_schedule": {"init_value": 0.5, "boundaries_and_scales": {"3": 0.5, "6": 0.1}},
    "piecewise_interpolate_schedule": {
        "interpolate_type": "linear",
        "init_value": 0.5,
        "boundaries_and_scales": {"3": 0.5, "6": 0.1},
    },
    "warmup_constant_schedule": {"init_value": 0.1, "peak_value": 0.5, "warmup_steps": 4},
    "warmup_cosine_decay_schedule": {
        "init_value": 0.1,
        "peak_value": 0.5,
        "warmup_steps": 3,
        "decay_steps": 9,
    },
    "warmup_exponential_decay_schedule": {
        "init_value": 0.1,
        "peak_value": 0.5,
        "warmup_steps": 3,
        "transition_steps": 4,
        "decay_rate": 0.5,
    },
    "cosine_onecycle_schedule": {"transition_steps": 10, "peak_value": 0.5},
    "linear_onecycle_schedule": {"transition_steps": 10, "peak_value": 0.5},
    "join_schedules": {"schedules": [0.5, 0.25], "boundaries": [4]},
}


def _schedule(name: str, arguments: Form) -> Form:
    rate = {"optax": name, **_SCHEDULE_NEEDS.get(name, {}), **arguments}
    return {"optax": "sgd", "learning_rate": rate}


_BEFORE_NEEDS: Mapping[str, Form] = {
    "clip": {"max_delta": 0.5},
    "clip_by_global_norm": {"max_norm": 0.5},
    "adaptive_grad_clip": {"clipping": 0.1},
    "add_decayed_weights": {"weight_decay": 0.1},
}


def _before(name: str, arguments: Form) -> Form:
    first = {"optax": name, **_BEFORE_NEEDS.get(name, {}), **arguments}
    return {"optax": [first, {"optax": "sgd", "learning_rate": 0.5}]}


def _direction(name: str, arguments: Form) -> Form:
    if name == "trace":
        arguments = {"decay": 0.5, **arguments}
    return {"optax": [{"optax": name, **arguments}, {"optax": "scale", "step_size": -0.5}]}


_OPTAX_RATES: Mapping[str, Form] = {
    "scale": {"step_size": -0.5},
    "scale_by_schedule": {"step_size_fn": -0.5},
    "scale_by_learning_rate": {"learning_rate": 0.5},
}


def _optax_rate(name: str, arguments: Form) -> Form:
    return {"optax": [{"optax": "scale_by_adam"}, {"optax": name, **_OPTAX_RATES[name], **arguments}]}


def _around(name: str, arguments: Form) -> Form:
    needs: Form = {"MultiSteps": {"every_k_schedule": 2}}.get(name, {})
    inner = {AROUND[name][0]: {"optax": "sgd", "learning_rate": 0.5}}
    return {"optax": name, **inner, **needs, **arguments}


Table = Mapping[str, Row | Unsupported]

TABLES: Mapping[str, tuple[Table, Callable[[str, Form], Form]]] = {
    "keras": (KERAS, _keras),
    "legacy": (LEGACY_OPTIMIZERS, _legacy),
    "addons": (ADDONS, _addons),
    "addons around others": ({name: each.row for name, each in WRAPPERS.items()}, _wrapped),
    "addons schedules": (ADDONS_SCHEDULES, _addons_schedule),
    "garden": (GARDEN, _garden),
    "garden rates": (RATES, _garden_rate),
    "garden warmups": (WARMUPS, _garden_warmup),
    "torch": (TORCH, _torch),
    "torch schedulers": (SCHEDULERS, _scheduler),
    "optax": (OPTAX, _optax),
    "optax schedules": (SCHEDULES, _schedule),
    "optax before": (BEFORE, _before),
    "optax directions": (DIRECTIONS, _direction),
    "optax rates": (OPTAX_RATES, _optax_rate),
    "optax around": ({name: row for name, (_, row) in AROUND.items()}, _around),
}
"""Each table, with what makes a document of one of its classes and arguments."""

_SAMPLES: Mapping[str, Any] = {
    **dict.fromkeys(("learning_rate", "lr", "initial_lr", "initial_learning_rate", "value"), 0.25),
    **dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm", "gradient_clip_norm"), 0.5),
    **dict.fromkeys(("weight_decay", "weight_decay_rate", "adam_weight_decay", "strength"), 0.01),
    **dict.fromkeys(("momentum", "decay", "rho", "alpha", "gamma", "decay_rate"), 0.75),
    **dict.fromkeys(("beta_1", "beta1", "b1", "adam_beta_1", "beta"), 0.8),
    **dict.fromkeys(("beta_2", "beta2", "b2", "adam_beta_2", "b3"), 0.95),
    **dict.fromkeys(("epsilon", "eps", "eps_root", "epsilon_1", "epsilon_2", "epsilon1"), 1e-3),
    **dict.fromkeys(("nesterov", "amsgrad", "centered", "use_ema", "rectify", "staircase", "cycle"), True),
    **dict.fromkeys(("foreach", "fused", "capturable", "differentiable", "jit_compile"), True),
    **dict.fromkeys(("maximize", "reset_state", "cycle_momentum", "is_legacy_optimizer"), False),
    **{name: ["bias"] for name in ("exclude_from_weight_decay", "exclude_from_layer_adaptation")},
    **{name: ["head"] for name in ("include_in_weight_decay", "exclude_layers")},
    **dict.fromkeys(("warmup_steps", "decay_steps", "transition_steps", "step_size_up", "T_max"), 4),
    **dict.fromkeys(("initial_accumulator_value", "l1_regularization_strength"), 0.05),
    **dict.fromkeys(("l2_regularization_strength", "l2_shrinkage_regularization_strength"), 0.05),
    **dict.fromkeys(("end_learning_rate", "end_value", "warmup_learning_rate", "min_lr"), 0.05),
    **dict.fromkeys(("base_momentum", "max_momentum", "eta_min", "slow_step_size"), 0.2),
    **dict.fromkeys(("start_step", "start_averaging", "num_updates", "transition_begin"), 1),
    **dict.fromkeys(("mask", "weight_decay_mask", "mu_dtype", "accumulator_dtype", "key"), "some"),
    "trust_ratio_mask": True,
    "name": "sample",
    "ema_momentum": 0.9,
    "ema_overwrite_frequency": 3,
    "loss_scale_factor": 8.0,
    "gradient_accumulation_steps": 2,
    "step_size": 5,
    "maximal_learning_rate": 0.5,
    "scale_mode": "cycle",
    "learning_rate_power": -0.5,
    "beta_2_decay": -0.7,
    "clip_threshold": 2.0,
    "relative_step": True,
    **dict.fromkeys(("total_steps", "total_decay_steps"), 20),
    **dict.fromkeys(("ns_steps", "T_0", "total_iters", "sync_period", "steps_per_epoch", "epochs"), 3),
    **dict.fromkeys(("warmup_proportion", "linear_decay_fraction", "pct_start"), 0.4),
    **dict.fromkeys(("use_locking", "grad_averaging", "sequential_update", "classic_momentum"), True),
    **dict.fromkeys(("dynamic_decay", "three_phase", "exclude_embeddings", "bias_correction"), True),
    **dict.fromkeys(("bias_correction_mu", "bias_correction_nu", "verbose", "flip_sign"), True),
    **dict.fromkeys(("eps_in_sqrt", "factored", "use_grad_mean", "multiply_by_parameter_scale"), False),
    **dict.fromkeys(("scale_fn", "axis", "should_skip_update_fn"), "something"),
    **dict.fromkeys(("dampening", "initial_scale", "step_size_down", "adam_lr_ratio"), 0.5),
    **dict.fromkeys(("lambda_", "average_decay", "eta", "factor", "start_factor", "end_factor"), 0.3),
    **dict.fromkeys(("trust_coefficient", "eeta", "lr_decay", "momentum_decay", "init_value"), 0.02),
    **dict.fromkeys(("peak_value", "max_lr", "pre_offset_learning_rate", "max_delta", "max_norm"), 0.9),
    **dict.fromkeys(("exponent", "power", "clipping_threshold", "d"), 2.0),
    **dict.fromkeys(("div_factor", "final_div_factor", "T_mult", "every_k_schedule"), 4),
    **dict.fromkeys(("offset", "average_period", "min_dim_size_to_factor", "decay_offset", "seed"), 2),
    **{name: [0] for name in ("params", "param_names")},
    "muon_a": 3.0,
    "muon_b": -4.0,
    "muon_c": 2.0,
    "ns_coefficients": [3.0, -4.0, 2.0],
    "rms_rate": 0.3,
    "adaptive_epsilon": True,
    "sma_threshold": 6.0,
    "threshold": 6.0,
    "ord": "nuclear",
    "activation": "tanh",
    "boundaries": [0, 9],
    "values": [0.5, 0.25],
    "milestones": [2, 6],
    "betas": [0.8, 0.95],
    "decoupled_weight_decay": True,
    "beta2_decay": -0.7,
    "adjust_lr_fn": "match_rms_adamw",
    "last_epoch": 7,
    "base_lr": 0.2,
    "mode": "triangular2",
    "anneal_strategy": "linear",
    "dtype_momentum": "bfloat16",
    "boundaries_and_scales": {"2": 0.5},
    "interpolate_type": "cosine",
    "pct_final": 0.9,
    "schedules": [0.5, 0.1],
    "clipping": 0.2,
    "smooth_beta": 2.0,
    "step_size_fn": -0.5,
    "max_consecutive_errors": 3,
}

_SPECIAL: Mapping[tuple[str, str], Any] = {
    ("stepwise", "values"): [0.5, 0.25, 0.1],
    ("Adafactor", "eps"): [None, 0.01],
    ("join_schedules", "boundaries"): [7],
}


def sample(name: str, argument: str) -> Any:
    """Return a value for an argument of a class."""
    return _SPECIAL.get((name, argument), _SAMPLES.get(argument))


def rows() -> Iterator[tuple[str, str, Row]]:
    """Go over the rows of all tables."""
    for table, (content, _) in TABLES.items():
        for name, row in content.items():
            if isinstance(row, Row):
                yield table, name, row


def unsupported() -> Iterator[tuple[str, str]]:
    """Go over the classes that cannot be converted."""
    for table, (content, _) in TABLES.items():
        yield from ((table, name) for name, row in content.items() if isinstance(row, Unsupported))
