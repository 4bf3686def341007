"""Configs with ranges that have something wrong: line and column, and what is said of each there."""

from __future__ import annotations

__all__ = ["CASES"]

LOG = "{search: log, low: 1e-4, high: 1e-1}"
RUN = "command: train\ntask: digits\nsteps: 10\n"
TWO = "strategy: {mirrored: 2}"
NUMBERS = [
    (
        "{search: lgo, low: 1, high: 2}",
        "2:25",
        "learning_rate.search: must be one of log, linear, int, choice",
    ),
    ("{search: lgo, low: 1, high: 2}", "2:25", "did you mean 'log'?"),
    ("{search: [log], low: 1, high: 2}", "2:25", "must be one of log"),
    ("{serach: log, low: 1, high: 2}", "2:17", "learning_rate.serach: is no key of a range. Hint: did you"),
    (
        "{search: log, low: 1, hihg: 2}",
        "2:38",
        "is no key of a range `log`. Received: 2. Hint: did you mean 'hig",
    ),
    ("{search: log, low: 1}", "2:16", "learning_rate.high: is required in a range `log`"),
    ("{search: log, low: 2, high: 1}", "2:35", "low: must be less than `high`, 1. Received: 2."),
    ("{search: linear, low: 1, high: 1}", "2:38", "low: must be less than `high`, 1."),
    ("{search: log, low: 0, high: 1}", "2:35", "low: must be > 0 in a range on a logarithmic scale"),
    ("{search: int, low: 0, high: 1, log: true}", "2:35", "must be > 0 in a range on a logarithmic scale"),
    ("{search: log, low: '1', high: 2}", "2:35", "low: must be a number. Received: '1'."),
    ("{search: int, low: 1, high: 2.5}", "2:44", "high: must be a whole number. Received: 2.5."),
    ("{search: int, low: true, high: 2}", "2:35", "low: must be a whole number. Received: True."),
    ("{search: int, low: 1, high: 2, log: 1}", "2:52", "log: must be true or false"),
    ("{search: int, low: 1, high: 9, step: 2, log: true}", "2:53", "step: cannot be combined with `log`"),
    ("{search: linear, low: 0, high: 1, step: 0.3}", "2:56", "Hint: write `high: 0.9`."),
    ("{search: linear, low: 0, high: 1, step: 2}", "2:56", "step: must be > 0 and at most high - low, 1."),
    ("{search: log, low: 1, high: 2, step: 1}", "2:47", "step: is no key of a range `log`"),
    ("{search: log, low: 1, high: 2, default: 3}", "2:56", "default: must be from 1 to 2. Received: 3."),
    ("{search: choice, of: 3}", "2:37", "of: must be a list of two or more values. Received: 3."),
    ("{search: choice, of: [3]}", "2:37", "of: must be a list of two or more values"),
    ("{search: choice, of: [1, 2, 1.0]}", "2:44", "of[2]: is the same choice as of[0]"),
    ("{search: choice, of: [1, 2], default: 3}", "2:54", "default: must be one of the choices"),
    ("{search: choice}", "2:16", "learning_rate.of: is required in a range `choice`"),
    ("{search: linear, low: -1, high: 1}", "2:38", "learning_rate.low: must be >= 0. Received: -1.0."),
    ("{search: linear, low: -2, high: -1}", "2:48", "learning_rate.high: must be >= 0. Received: -1.0."),
    ("{search: log, low: 1e-60, high: 1}", "2:35", "learning_rate.low: must be 0, or 1.1754944e-38 or more"),
    ("{search: choice, of: [1, -1]}", "2:41", "learning_rate.of[1]: must be >= 0. Received: -1."),
    ("{search: choice, of: [1, {use: cosine}]}", "2:41", "learning_rate.of[1].decay_steps: is required"),
    ("{search: choice, of: [1, {use: cosin, decay_steps: 1}]}", "2:47", "did you mean 'cosine'?"),
    (
        "{search: choice, of: [1, {use: constant, value: {search: linear, low: -1, high: 1}}]}",
        "2:86",
        "learning_rate.of[1].value.low: must be >= 0. Received: -1.0.",
    ),
    (
        "{search: choice, of: [1, {search: linear, low: -1, high: 1}]}",
        "2:63",
        "learning_rate.of[1].low: must be >= 0",
    ),
]
WHOLE = [
    (f"use: sgd\nnesterov: {LOG}", "2:11", "nesterov: must be true or false, which no range of numbers is"),
    (f"use: sgd\nname: {LOG}", "2:7", "name: must be a text, which no range of numbers is"),
    (f"use: sgd\nprocessors: {LOG}", "2:13", "processors: must be a list, which no range of numbers is"),
    (f"use: sgd\nlr: {LOG}", "2:1", "lr: is not a field of SGDConfig. Received: 0.00316"),
    (f"use: sgd\nlearning_rate: {LOG}\nmomentum: 2", "3:11", "momentum: must be <= 1. Received: 2."),
    (f"use: sgd\nclipnorm: {LOG}\nglobal_clipnorm: 1", "3:18", "cannot be combined with clipnorm"),
    (f"use: adamw\nbeta_1: {LOG}\nbeta_2: {{search: linear, low: 0.9, high: 1}}", "3:42", "must be < 1"),
    ("use: sgd", "1:1", "there is no range to search. Hint: write a range in place of a value, as in"),
    ("use: {search: choice, of: [sgd, sdg]}", "1:33", "use.of[1]: no installed"),
    (
        "use: {search: choice, of: [adam, sgd]}\nbeta_1: 0.9",
        "1:34",
        "use.of[1]: with it `beta_1` is not a field of SGDConfig",
    ),
    (
        "use: {search: choice, of: [adam, sgd]}\nbeta_1: {search: linear, low: 0, high: 0.9}",
        "1:34",
        "use.of[1]: with it `beta_1` is not a field of SGDConfig",
    ),
    (
        f"{RUN}optimizer: sgd\nbatch_size: {{search: linear, low: 16, high: 32}}",
        "5:35",
        "batch_size.low: must be a whole number. Received: 16.0. Hint: write `search: int`.",
    ),
    (
        f"{RUN}optimizer: sgd\nbatch_size: {{search: int, low: 2, high: 7, default: 4}}\n{TWO}",
        "5:41",
        "batch_size.high: with it `strategy` must divide the batch of 7 into equal shares",
    ),
    (
        f"{RUN}optimizer: sgd\nbatch_size: {{search: int, low: 2, high: 4}}\n{TWO}",
        "5:13",
        "batch_size: with its default, 3, `strategy` must divide the batch of 3",
    ),
    (
        f"{RUN}optimizer:\n  use: sgd\n  clipnorm:\n    search: linear\n    low: 0\n    high: 1",
        "8:10",
        "optimizer.clipnorm.low: must be > 0. Received: 0.0.",
    ),
]
CASES = [*((f"use: sgd\nlearning_rate: {text}", *rest) for text, *rest in NUMBERS), *WHOLE]
