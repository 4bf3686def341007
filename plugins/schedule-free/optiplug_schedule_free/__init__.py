"""Schedule-free AdamW and SGD for optiplug."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .adamw import ScheduleFreeAdamW as ScheduleFreeAdamW
    from .config import ScheduleFreeAdamWConfig as ScheduleFreeAdamWConfig
    from .config import ScheduleFreeSGDConfig as ScheduleFreeSGDConfig
    from .sgd import ScheduleFreeSGD as ScheduleFreeSGD
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
