"""Tests of the pages of data managers."""
