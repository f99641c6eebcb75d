"""File formats: each yields rows of cells with the line they stand on."""
