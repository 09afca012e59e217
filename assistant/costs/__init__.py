"""What AI work has cost, what it would cost, and how the relay that does it is doing."""
