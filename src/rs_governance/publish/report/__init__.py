"""What people read of an issue: chips, check cards, maps and the report."""
