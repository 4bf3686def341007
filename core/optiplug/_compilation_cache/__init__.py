"""Programs of XLA that are kept on disk, so that the next process need not compile them again."""
