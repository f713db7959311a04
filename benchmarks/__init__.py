"""What the host costs, measured: `make bench` prints one table. Never run by the tests."""
