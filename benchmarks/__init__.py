"""Measures the server: `python -m benchmarks` (`make bench`). Talks to 127.0.0.1 alone."""
