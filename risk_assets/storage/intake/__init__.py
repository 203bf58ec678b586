"""finaldata on disk, and where its rows come from."""
