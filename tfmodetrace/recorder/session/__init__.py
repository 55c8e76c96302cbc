"""One recording from its start to its end: what waits, who writes it, and what becomes of it in forks and at the process's end."""
