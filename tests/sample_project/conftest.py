"""These are run by test_testing.py, in processes of their own; nobody else collects them."""

collect_ignore_glob = ["*"]
