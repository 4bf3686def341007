"""Tasks with a target and a budget, to compare and tune optimizers on, and diagnostics."""
