"""The migrations of the appointments schema."""
