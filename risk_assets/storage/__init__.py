"""Where results live: folder names, atomic files, deployments and records."""
