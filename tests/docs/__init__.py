"""The README, the pages of docs/ and what is generated say what is so."""
