"""The AI over REST: laid like tickets/api, whose docstring says how. Verbs are those of the desk and the admin."""
