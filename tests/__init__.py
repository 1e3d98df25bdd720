"""The tests: one folder for each part, rules/ for the architecture, journeys/ for the browser."""
