"""What the runs of a comparison are judged by."""

from __future__ import annotations

from dataclasses import dataclass

from optiplug import ConfigError, Goal, TaskConfig, registry
from optiplug_lab.words import say

from .records import Figure

__all__ = ["Judged"]


@dataclass(frozen=True)
class Judged:
    """What a command line says of the figure; None is what it leaves to the goal of the task.

    Without goal and name it is the first figure that the task returns.
    """

    name: str | None = None
    higher_is_better: bool | None = None
    target: float | None = None

    def of(self, task: TaskConfig) -> Figure:
        """Return the figure that runs of a task are judged by.

        Raises
        ------
        ConfigError
            If nobody says which way it is better.
        """
        goal = type(task).goal
        if goal is None or (self.name is not None and self.name != goal.figure):
            return self._without_goal(task)
        higher = goal.higher_is_better if self.higher_is_better is None else self.higher_is_better
        return Figure(name=goal.figure, higher_is_better=higher, target=self._target(task, goal))

    def _without_goal(self, task: TaskConfig) -> Figure:
        if self.higher_is_better is None:
            figure = f"its figure {self.name}" if self.name else "what it returns"
            rule = f"is required: the task {registry.reference_of(type(task))} has no goal for {figure}"
            hint = "an accuracy is better if it is higher, a loss if it is lower"
            raise ConfigError(rule, where="--higher-is-better or --lower-is-better", hint=hint)
        return Figure(name=self.name or "", higher_is_better=self.higher_is_better, target=self.target)

    def _target(self, task: TaskConfig, goal: Goal) -> float | None:
        if self.target is not None:
            return self.target
        try:
            is_usual = task == type(task)()
        except ConfigError:  # what it requires has no usual value
            is_usual = False
        if is_usual:
            return goal.target
        use = registry.reference_of(type(task))
        say(f"{use} has a target for its defaults, and none as it is here: --target says one.")
        return None
