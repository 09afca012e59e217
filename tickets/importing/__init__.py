"""Importing tickets from files: reading, understanding and storing rows. `tickets/importer.py` is the way in."""
