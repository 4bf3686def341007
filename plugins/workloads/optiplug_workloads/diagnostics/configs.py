"""What each diagnostic asks of an optimizer, and when it is passed; the command that tries it."""

from __future__ import annotations

from optiplug import CommandConfig, Goal, TaskConfig

__all__ = [
    "CliffConfig",
    "DelayConfig",
    "DiagnoseConfig",
    "DiagnosticConfig",
    "DriftConfig",
    "NoiseConfig",
    "OutliersConfig",
    "SaddleConfig",
    "ScaleConfig",
    "SparseConfig",
    "TinyConfig",
    "ValleyConfig",
]


def _goal(target: float, steps: int, batch_size: int = 1) -> Goal:
    return Goal(
        figure="distance", target=target, steps=steps, batch_size=batch_size, evaluate_every=steps // 10
    )


class DiagnosticConfig(TaskConfig):
    """Base of the diagnostics: weights that start about one away from their optimum, and one difficulty.

    The `distance` of the goal is the root mean square of what is left of that at the end.
    """

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"weights": (8, 8)}


class CliffConfig(DiagnosticConfig):
    """Diagnostic: a run starts on a wall ten thousand times as steep as the bowl below it.

    Passed by what goes on when a gradient was huge: it neither jumps away, nor has a momentum that
    carries it on, nor a scale that stays. Source: Pascanu, Mikolov and Bengio 2013, "On the Difficulty of
    Training Recurrent Neural Networks", ICML.

    >>> CliffConfig().goal.steps
    300
    """

    implementation = "optiplug_workloads.diagnostics.landscapes:Cliff"
    goal = _goal(target=0.1, steps=300)


class DelayConfig(DiagnosticConfig):
    """Diagnostic: each gradient is that at the weights of 16 steps before.

    Passed by what does not overshoot when it hears late where it is, as a momentum does, or steps of a
    constant length. Source: Schaul, Antonoglou and Silver 2014, "Unit Tests for Stochastic Optimization",
    ICLR; Recht et al. 2011, "Hogwild!", NeurIPS.

    >>> DelayConfig().goal.steps
    300
    """

    implementation = "optiplug_workloads.diagnostics.motion:Delay"
    goal = _goal(target=0.012, steps=300)


class DriftConfig(DiagnosticConfig):
    """Diagnostic: the optimum of each weight swings by one to either side, once in 60 steps.

    Passed by what follows at once: neither an average of former gradients nor a rate that has become small
    may hold it back. Source: the non-stationary prototypes of Schaul, Antonoglou and Silver 2014, "Unit
    Tests for Stochastic Optimization", ICLR.

    >>> DriftConfig().goal.steps
    300
    """

    implementation = "optiplug_workloads.diagnostics.motion:Drift"
    goal = _goal(target=0.2, steps=300)


class NoiseConfig(DiagnosticConfig):
    """Diagnostic: skewed noise, of which the mean is right, and neither the sign nor the median.

    Passed by what averages gradients in proportion to their size. Source: the counterexample of Reddi, Kale
    and Kumar 2018, "On the Convergence of Adam and Beyond", ICLR.

    >>> NoiseConfig().goal.steps
    1000
    """

    implementation = "optiplug_workloads.diagnostics.noise:Noise"
    goal = _goal(target=0.15, steps=1000)


class OutliersConfig(DiagnosticConfig):
    """Diagnostic: noise of a Cauchy distribution, in which single gradients outweigh all others.

    Passed by what bounds the part that one gradient has, by signs or by scales that are soon forgotten.
    Source: Zhang et al. 2020, "Why Are Adaptive Methods Good for Attention Models?", NeurIPS; Schaul,
    Antonoglou and Silver 2014, "Unit Tests for Stochastic Optimization", ICLR.

    >>> OutliersConfig().goal.steps
    500
    """

    implementation = "optiplug_workloads.diagnostics.noise:Outliers"
    goal = _goal(target=0.32, steps=500)


class SaddleConfig(DiagnosticConfig):
    """Diagnostic: half of the weights start between two optima, where the slope is nearly zero.

    Passed by what goes fast along a direction in which gradients are small and agree. Source: Dauphin et al.
    2014, "Identifying and Attacking the Saddle Point Problem in High-dimensional Non-convex Optimization",
    NeurIPS.

    >>> SaddleConfig().goal.steps
    300
    """

    implementation = "optiplug_workloads.diagnostics.landscapes:Saddle"
    goal = _goal(target=0.1, steps=300)


class ScaleConfig(DiagnosticConfig):
    """Diagnostic: curvatures from 1e-4 to 1, each along an axis.

    Passed by what has a rate for each weight. Source: Duchi, Hazan and Singer 2011, "Adaptive Subgradient
    Methods for Online Learning and Stochastic Optimization", JMLR 12:2121-2159.

    >>> ScaleConfig().goal.steps
    300
    """

    implementation = "optiplug_workloads.diagnostics.landscapes:Scale"
    goal = _goal(target=0.03, steps=300)


class SparseConfig(DiagnosticConfig):
    """Diagnostic: a table whose rows are seen by Zipf's law, the rare ones a few times in the whole run.

    Passed by what makes more of a gradient that is rare. Source: Duchi, Hazan and Singer 2011, "Adaptive
    Subgradient Methods for Online Learning and Stochastic Optimization", JMLR 12:2121-2159.

    >>> SparseConfig().goal.batch_size
    8
    """

    implementation = "optiplug_workloads.diagnostics.noise:Sparse"
    goal = _goal(target=0.32, steps=500, batch_size=8)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"weights": (128, 4)}


class TinyConfig(DiagnosticConfig):
    """Diagnostic: a loss times 1e-10, whose gradients vanish beside the epsilon of a formula.

    Passed by what does not depend on the scale of the loss. Source: Kingma and Ba 2015, "Adam: A Method for
    Stochastic Optimization", arXiv:1412.6980, whose steps do not, but for epsilon.

    >>> TinyConfig().goal.steps
    300
    """

    implementation = "optiplug_workloads.diagnostics.landscapes:Tiny"
    goal = _goal(target=0.03, steps=300)


class ValleyConfig(DiagnosticConfig):
    """Diagnostic: curvatures from 1e-4 to 1 along no axis: those of rows times those of columns.

    Passed by what finds the directions, or gathers speed along them; a rate for each weight does not help.
    Source: Gupta, Koren and Singer 2018, "Shampoo: Preconditioned Stochastic Tensor Optimization", ICML.

    >>> ValleyConfig().goal.steps
    300
    """

    implementation = "optiplug_workloads.diagnostics.landscapes:Valley"
    goal = _goal(target=0.02, steps=300)


class DiagnoseConfig(CommandConfig):
    """Try optimizers on small problems with one difficulty each, and say which they pass and fail."""

    implementation = "optiplug_workloads.diagnostics.command:diagnose_optimizers"
