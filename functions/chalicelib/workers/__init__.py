"""One file a function that a state machine, a queue, a stream, a schedule or a cluster invokes."""
