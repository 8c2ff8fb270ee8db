"""People who act on cases: who they are, and what they are told when a term ends."""
