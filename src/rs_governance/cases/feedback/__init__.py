"""What became of the spots: outcomes, shares, answers and ratings, for the months to come."""
