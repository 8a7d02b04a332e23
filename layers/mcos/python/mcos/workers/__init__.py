"""Work behind the calls: writing, committing, repairing and sweeping. All of it may run twice."""
