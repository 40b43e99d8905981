"""The floor: the least that Django itself can do for the same step. Not part of the portal."""
