"""The report of a month or a year: its figures, and as text, page and spreadsheet."""
