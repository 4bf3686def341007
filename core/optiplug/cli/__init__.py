"""The command line: what is installed, what a config file means, and commands of plugins.

What can be said is answered without TensorFlow; only `explain`, and the commands that train,
import it.
"""

from .app import application, main

__all__ = ["application", "main"]
