"""Who reads event streams right: the cases of `cases/` given to readers that are in use, cut at every place."""
