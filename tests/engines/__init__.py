"""The engines that the scorer takes, Dask and PySpark among them: `make test-engines`."""
