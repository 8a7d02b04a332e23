"""The calls of the API as values, and the values that they answer. No I/O."""
