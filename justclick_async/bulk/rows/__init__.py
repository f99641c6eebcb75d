"""Rows of cells turned into validated records."""
