"""What is kept of a customer: counted, handed out, and erased. What that is, the models themselves say (kept.py), so
that a table which somebody adds tomorrow is neither forgotten in an export nor left behind by an erasure."""
