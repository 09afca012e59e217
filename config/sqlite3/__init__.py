"""Django's own database backend for SQLite, with connections that are kept for the next request (base.py)."""
