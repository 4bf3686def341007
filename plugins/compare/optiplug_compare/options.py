"""Options that the commands which train a task share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["BatchSize", "FigureName", "Higher", "Steps", "Task"]

Task = Annotated[
    str | None, typer.Option(metavar="NAME", show_default=False, help="What is learnt, as in --task digits.")
]
Steps = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default=False, help="Steps of a run; by default the task's goal."),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, show_default=False, help="Examples in a step; by default the task's goal."
    ),
]
FigureName = Annotated[
    str | None,
    typer.Option(
        "--figure", metavar="NAME", show_default=False, help="What is judged; by default the goal's."
    ),
]
Higher = Annotated[
    bool | None,
    typer.Option(
        "--higher-is-better/--lower-is-better",
        show_default=False,
        help="Which way the figure is better, if the task has no goal that says it.",
    ),
]
