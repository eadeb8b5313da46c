"""Study files: read, checked, explained; and the data that they name."""
