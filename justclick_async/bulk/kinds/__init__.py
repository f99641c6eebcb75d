"""The kinds of rows, a module for each."""
