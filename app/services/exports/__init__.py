"""Exports for statistics programs; each module imports pandas, so callers import them when they are needed.

export_study (files) is the one way out: it builds the files and writes the release to the trail.
Not in the tables yet, since nothing records them: the reason of an absence, treatment state and days, helper,
unscheduled and corrected flags. Each comes as a column together with its feature.
"""
