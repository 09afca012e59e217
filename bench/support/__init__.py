"""What several measurements share; nothing here is a command."""
