"""What happens behind the calls: writing, committing, repairing and sweeping. All may run twice."""
