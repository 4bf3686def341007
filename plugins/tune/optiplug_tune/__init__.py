"""The command `optiplug tune`: the best hyperparameters within ranges that a config names, by Optuna."""
