"""The server of bench/api.py: Collie without limits, and a plain list beside it."""
