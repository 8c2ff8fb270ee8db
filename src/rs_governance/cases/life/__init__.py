"""The life of a case: what can be done, by whom, until when, and the one way in which a case changes."""
