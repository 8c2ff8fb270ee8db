"""Rasters and pictures of ground."""
