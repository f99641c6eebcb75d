"""Ours beside others', as ratios: each benchmark is a module with a command line."""
