"""Training runs described by one file: the command `optiplug train`, its tasks and its run folders."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .chars import Chars as Chars
    from .command import train as train
    from .config import TrainConfig as TrainConfig
    from .digits import Digits as Digits
    from .task_configs import CharsConfig as CharsConfig
    from .task_configs import DigitsConfig as DigitsConfig
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
