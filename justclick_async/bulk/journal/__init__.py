"""The journal of an import: the rows, their states and outcomes."""
