"""Cases as a person reads them: lists, and a sheet with pictures and timeline."""
