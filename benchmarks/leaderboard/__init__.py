"""The leaderboard: optimizers on fixed workloads, counted in steps to a target that was fixed beforehand."""
