"""Satellite change detection for a district government: two images in, suspected changes out.

In a notebook: `from rs_governance.flows import detect, preview`. Nothing is imported here, so that `rsg` starts quickly.
"""

__version__ = "0.1.0"
