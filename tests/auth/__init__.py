"""Tests of the staff surfaces."""
