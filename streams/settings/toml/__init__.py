"""TOML files that people write: their tables are structs, and pydantic finds all that is wrong at once."""
