"""Ctrl-C is Python's in all tests: started in the background, a process ignores it, and what waits for it would wait for ever."""
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
