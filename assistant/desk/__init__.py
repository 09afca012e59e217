"""Pages of the desk that are about AI."""
