"""Who asked for a change, and how it is encoded and handed to their connections."""
