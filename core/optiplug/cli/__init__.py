"""The command line: lists plugins, checks and explains config files, and runs commands of plugins.

Only `explain`, and commands that train, import TensorFlow.
"""

from .app import application, main

__all__ = ["application", "main"]
