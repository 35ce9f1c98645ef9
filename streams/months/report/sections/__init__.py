"""The sections of the report, one module for each thing that is shown: sentences, tables and charts."""
