"""Satellite change detection for a district government: two images in, suspected changes out."""

__version__ = "0.1.0"
