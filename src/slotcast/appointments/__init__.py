"""The product's own domain: the appointments schema and its demo data."""
