"""The performance suite: `make bench` prints one table."""
