"""The hot path and what it touches: functions, threads, rows, signatures, samples of memory and devices."""
