"""Where: units, grid cells, reference layers and registers, and what a finding has to do with them."""
