"""Where studies are kept: storages, files, and the study itself, opened."""
