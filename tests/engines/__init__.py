"""The engines that score_frame takes, Dask and PySpark among them: `make test-engines`."""
