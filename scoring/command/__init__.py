"""The command `python -m scoring`: files of questionnaires in, files with their scores out.

Only this package imports readers and writers of files (Polars, pyarrow, pyreadstat, openpyxl, XlsxWriter),
each when a file needs it. The scores are those of scoring.score_frame.
"""
