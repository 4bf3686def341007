"""Training runs described by one file: the command `optiplug train`, its tasks and its run folders."""
