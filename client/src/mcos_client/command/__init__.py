"""The command ``mcos``: one module a subcommand, of the subcommand's name."""
