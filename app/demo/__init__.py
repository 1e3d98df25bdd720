"""The demonstration on the command line: a synthetic study to look at and to try."""
