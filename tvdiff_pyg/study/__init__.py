"""Studies: grids of trainings, and what is measured of them."""
