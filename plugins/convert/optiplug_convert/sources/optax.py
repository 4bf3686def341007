"""The optimizers of `optax`, by the names of its functions."""

from __future__ import annotations

from collections.abc import Mapping

from optiplug_convert.draft import Draft, Path
from optiplug_convert.numbers import short
from optiplug_convert.rules import By, Ignored, Kept, Neutral, OrNone, Processor, Row, Rule, To, Unsupported

__all__ = ["OPTIMIZERS"]

_MASK = Neutral((None,), "write globs: `exclude_from_weight_decay`, or `skip` of the processor")
_ROOT = Neutral((0,), "an epsilon below the root: `epsilon_form: keras` has one beside it")
_NADAM = Neutral((False,), "`nadam` has a momentum that warms up")
_DTYPE = Neutral((None,), "`state_dtype` holds for all slots")


def _minus(value: object, path: Path, draft: Draft) -> None:
    if isinstance(value, int | float):
        draft.set("beta_2_decay", -value, path)
    else:
        draft.refuse(path, "must be a number", value)


def _rms(draft: Draft) -> None:
    epsilon = draft.fields.get("epsilon")
    if not draft.fields.pop("eps_in_sqrt", True) and isinstance(epsilon, int | float):
        draft.fields["epsilon"] = short(epsilon**2)
        draft.note(f"the square of {epsilon:g}, which is added to the root there", "epsilon")


def _noise(draft: Draft) -> None:
    names = [name for name in ("eta", "gamma", "seed") if name in draft.fields]
    told: dict[str, object] = {name: draft.fields.pop(name) for name in names}
    draft.add("add_noise", draft.origins.get(("eta",), ()), told)
    draft.note("other random numbers than those of jax", "processors", len(draft.processors) - 1)


def _factored(value: object, path: Path, draft: Draft) -> None:
    if not value:
        draft.set("min_dim_size_to_factor", 2**31 - 1, path)


def _ratio(draft: Draft) -> None:
    if draft.fields.get("weight_decay_rate"):
        text = "the ratio is to the norm of gradient and decay there, and to the sum of both norms here"
        draft.note(text, "weight_decay_rate")


_RATE: Mapping[str, Rule] = {"learning_rate": To("learning_rate")}
_BETAS: Mapping[str, Rule] = {**_RATE, "b1": To("beta_1"), "b2": To("beta_2"), "eps": To("epsilon")}
_DECAYED: Mapping[str, Rule] = {"weight_decay": To("weight_decay"), "mask": _MASK}
_ADAM: Mapping[str, Rule] = {**_BETAS, "eps_root": _ROOT, "mu_dtype": _DTYPE, "nesterov": _NADAM}
_PAPER = {"epsilon_form": "paper"}
_MAX = "optax takes the maximum after the bias correction, and here it is before it"
_INFINITY = "optax adds epsilon to the gradient in the maximum, and here it is added to the maximum"
_YOGI = "the momentum begins at 1e-6 in optax, and at 0 here"
_ADAN = "optax up to 0.2.8 adds differences of gradients with 1 - b2, and here it is b2, as in the paper"
_OPTIMISTIC = "steps that look ahead of a game are not here"
_NO_WARMUP = "its momentum does not warm up, as that of `nadam` does"

OPTIMIZERS: Mapping[str, Row | Unsupported] = {
    "sgd": Row(
        "sgd",
        {**_RATE, "momentum": To("momentum"), "nesterov": To("nesterov"), "accumulator_dtype": _DTYPE},
    ),
    "adam": Row("adam", _ADAM, {"eps": 1e-8}, _PAPER),
    "adamw": Row("adamw", {**_ADAM, **_DECAYED}, {"eps": 1e-8, "weight_decay": 1e-4}, _PAPER),
    "amsgrad": Row(
        "adam",
        {
            **_BETAS,
            "eps_root": _ROOT,
            "mu_dtype": _DTYPE,
            "bias_correction_mu": Neutral((True,), "both moments are corrected"),
            "bias_correction_nu": Neutral((True,), "both moments are corrected"),
        },
        {"eps": 1e-8},
        {**_PAPER, "amsgrad": True},
        (_MAX,),
    ),
    "adamax": Row("adamax", _BETAS, {"eps": 1e-8}, notes=(_INFINITY,)),
    "adamaxw": Row("adamax", {**_BETAS, **_DECAYED}, {"eps": 1e-8, "weight_decay": 1e-4}, notes=(_INFINITY,)),
    "adagrad": Row(
        "adagrad",
        {**_RATE, "initial_accumulator_value": To("initial_accumulator_value"), "eps": To("epsilon")},
    ),
    "adadelta": Row(
        "adadelta",
        {
            **_RATE,
            "rho": To("rho"),
            "eps": To("epsilon"),
            "weight_decay": Processor("l2", "strength"),
            "weight_decay_mask": _MASK,
        },
        {"rho": 0.9, "eps": 1e-6},
        {"learning_rate": 1.0},
    ),
    "rmsprop": Row(
        "rmsprop",
        {
            **_RATE,
            "decay": To("rho"),
            "eps": To("epsilon"),
            "eps_in_sqrt": Kept("if false, the square of `epsilon`"),
            "initial_scale": Neutral((0,), "the second moment begins at 0"),
            "centered": To("centered"),
            "momentum": To("momentum"),
            "nesterov": Neutral((False,), "the momentum is not Nesterov's"),
            "bias_correction": Neutral((False,), "the second moment is not corrected"),
        },
        {"eps": 1e-8},
        after=_rms,
    ),
    "lion": Row(
        "lion",
        {**_RATE, "b1": To("beta_1"), "b2": To("beta_2"), "mu_dtype": _DTYPE, **_DECAYED},
        {"weight_decay": 1e-3},
    ),
    "lamb": Row(
        "lamb", {**_BETAS, "eps_root": _ROOT, "weight_decay": To("weight_decay_rate"), "mask": _MASK}
    ),
    "lars": Row(
        "lars",
        {
            **_RATE,
            "weight_decay": To("weight_decay_rate"),
            "weight_decay_mask": Neutral((True,), "write globs in `exclude_from_decay`"),
            "trust_coefficient": To("trust_coefficient"),
            "eps": To("epsilon"),
            "trust_ratio_mask": Neutral((True,), "write globs in `exclude_from_adaptation`"),
            "momentum": To("momentum"),
            "nesterov": To("nesterov"),
        },
        {"eps": 0.0},
        {"min_ndim": 0},
        after=_ratio,
    ),
    "adabelief": Row("adabelief", {**_BETAS, "eps_root": To("epsilon_root"), "nesterov": _NADAM}),
    "adafactor": Row(
        "adafactor",
        {
            **_RATE,
            "min_dim_size_to_factor": To("min_dim_size_to_factor"),
            "decay_rate": By(_minus, "`beta_2_decay`, its negative"),
            "decay_offset": To("decay_offset"),
            "multiply_by_parameter_scale": To("multiply_by_parameter_scale"),
            "clipping_threshold": OrNone("clip_threshold"),
            "momentum": To("momentum"),
            "dtype_momentum": Neutral(("float32",), "`state_dtype` holds for all slots"),
            "weight_decay_rate": Neutral((None, 0), "here a decay is multiplied by the rate"),
            "eps": To("epsilon_1"),
            "factored": By(_factored, "if false, `min_dim_size_to_factor` without end"),
            "weight_decay_mask": _MASK,
        },
        fixed={"learning_rate": 1.0, "relative_step": False},
    ),
    "adan": Row(
        "adan",
        {**_BETAS, "b3": To("beta_3"), "eps_root": Ignored("`epsilon` is enough"), **_DECAYED},
        notes=(_ADAN,),
    ),
    "novograd": Row(
        "novograd",
        {**_BETAS, "eps_root": _ROOT, "weight_decay": To("weight_decay_rate")},
        {"b1": 0.9, "b2": 0.25, "eps": 1e-6},
    ),
    "radam": Row(
        "radam",
        {**_BETAS, "eps_root": _ROOT, "threshold": To("sma_threshold"), "nesterov": _NADAM},
        {"eps": 1e-8},
    ),
    "yogi": Row("yogi", _BETAS, notes=(_YOGI,)),
    "sm3": Row(
        "sm3",
        {**_RATE, "momentum": To("momentum")},
        notes=("optax adds 1e-8 to sums of squares: `epsilon` here, which is 0",),
    ),
    "signum": Row("signum", {**_RATE, "beta": To("momentum"), "accumulator_dtype": _DTYPE}),
    "sign_sgd": Row("signum", _RATE, fixed={"momentum": 0.0}),
    "noisy_sgd": Row(
        "sgd",
        {
            **_RATE,
            "eta": Kept("processor `add_noise`, its `eta`"),
            "gamma": Kept("its `gamma`"),
            "key": Ignored("`seed` of the processor"),
            "seed": Kept("its `seed`"),
        },
        {"eta": 0.01, "gamma": 0.55},
        after=_noise,
    ),
    "nadam": Unsupported(_NO_WARMUP),
    "nadamw": Unsupported(_NO_WARMUP),
    "fromage": Unsupported("the processor `trust_ratio` around `sgd` is nearest"),
    "lbfgs": Unsupported("it evaluates the loss several times in a step"),
    "optimistic_adam": Unsupported(_OPTIMISTIC),
    "optimistic_adam_v2": Unsupported(_OPTIMISTIC),
    "optimistic_gradient_descent": Unsupported(_OPTIMISTIC),
    "polyak_sgd": Unsupported("its step needs the value of the loss"),
    "rprop": Unsupported("steps of one size for each element, by signs of gradients, are not here"),
}
"""The functions that make an optimizer with a learning rate."""
