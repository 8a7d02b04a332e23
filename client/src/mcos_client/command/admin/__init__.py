"""mcos admin: what operators do, one module a kind of thing."""
