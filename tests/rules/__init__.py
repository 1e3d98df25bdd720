"""The architecture, stated as tests."""
