"""The documentation's blocks of code, run as their readers run them."""
