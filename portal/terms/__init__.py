"""Floor 1: the terms as pure functions and tables. No clock, no input or output, only the standard library."""
