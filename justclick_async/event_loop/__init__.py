"""Event loops: objects per loop, a loop in a thread, deadlines."""
