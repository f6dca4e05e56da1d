"""Every run and score is a row that is never lost; all rows read back as runs."""
