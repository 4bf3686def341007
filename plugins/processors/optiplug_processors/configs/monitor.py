"""Config of monitor."""

from __future__ import annotations

from optiplug import ProcessorConfig

__all__ = ["MonitorConfig"]


class MonitorConfig(ProcessorConfig):
    """Record the norms of gradients, updates and variables at each step. Three scalars of state."""

    implementation = "optiplug_processors.monitor:Monitor"
    elementwise = True
    complex_variables = True
    takes_rows = False
    reduces = True
    paper = "None: norms to look at"
    copies = "the norm of a change needs the old values beside the new ones"
    passes = {"the norms of gradient, variable and change": 4, "the old values, copied": 2}
