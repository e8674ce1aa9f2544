"""Who may see a row image."""
