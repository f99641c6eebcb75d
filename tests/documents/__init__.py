"""Run the blocks of code of the documentation."""
