"""The commands, one module each; ``main`` reads the command line."""
