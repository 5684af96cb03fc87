"""Pages that belong to nobody: urgent help, leaving quickly, the health of the installation, htmx's script."""
