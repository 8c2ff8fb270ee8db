"""Cases through the months: issues, clues and permits that arrive, matched to the cases there are, and looked at again."""
