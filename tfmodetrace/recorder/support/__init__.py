"""What the rooms of the recorder stand on: interrupts, weak tables, imports that are waited for, whose a file is, source texts."""
