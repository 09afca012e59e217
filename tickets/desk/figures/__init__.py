"""The page of figures: how quickly tickets are answered and solved, and how many wait."""
