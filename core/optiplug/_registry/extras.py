"""What the extras of the standard installation offer: what is missing is told from what is misspelt."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["EXTRAS", "extra_of", "how_to_install"]

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "author": {"commands": "catalogue new test"},
    "compare": {"commands": "compare find-rate plot"},
    "contrib": {
        "optimizers": (
            "adabelief adan ademamix adopt cocob conditional_gradient dadapt_adam dog laprop lazyadam "
            "madgrad novograd prodigy proximal_adagrad radam sam signum soap yogi"
        ),
        "processors": "lookahead swa",
    },
    "convert": {"commands": "convert convert-state"},
    "lab": {"commands": "train", "tasks": "chars digits"},
    "workloads": {
        "commands": "diagnose",
        "tasks": (
            "autoencoder char_transformer "
            "diagnostic_cliff diagnostic_delay diagnostic_drift diagnostic_noise diagnostic_outliers "
            "diagnostic_saddle diagnostic_scale diagnostic_sparse diagnostic_tiny diagnostic_valley "
            "logistic recommender tabular"
        ),
    },
    "tune": {"commands": "tune"},
}
"""The names in each extra, by kind; a test compares them with the distributions."""


def extra_of(kind: str, name: str) -> str:
    """Return the extra that offers a name; empty if none does.

    >>> extra_of("commands", "train"), extra_of("optimizers", "sgd")
    ('lab', '')
    """
    return next((extra for extra, names in EXTRAS.items() if name in names.get(kind, "").split()), "")


def how_to_install(kind: str, name: str) -> str:
    """Return what to do to have a name that an extra offers; empty if none does.

    >>> how_to_install("optimizers", "prodigy")
    'it comes with `pip install "optiplug[contrib]"`'
    """
    extra = extra_of(kind, name)
    return f'it comes with `pip install "optiplug[{extra}]"`' if extra else ""
