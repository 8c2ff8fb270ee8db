"""The file that describes a district: its scenes, units, layers and registers."""
