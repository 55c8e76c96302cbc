"""Many recordings as few numbers: digests of each worker's hours, which merge exactly, on one machine or on a distributed engine."""
