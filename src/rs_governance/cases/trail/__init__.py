"""The trail of a case: events in a chain, anchored outside the store, and whether it is still what was recorded."""
