"""What several subcommands need: the session, output, failures, storing."""
