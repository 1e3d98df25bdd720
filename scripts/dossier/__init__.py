"""The dossier for those who judge the patient's pages: every screen and state in one PDF."""
