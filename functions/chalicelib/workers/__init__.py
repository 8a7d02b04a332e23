"""The functions that the state machine, queues, streams, schedules or other clusters invoke."""
