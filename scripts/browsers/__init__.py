"""Patients' pages use only what five years of phones know: python -m scripts.browsers, in make lint."""
