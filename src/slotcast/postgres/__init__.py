"""Getting to PostgreSQL: the embedded server, the pool, the catalog, migrations."""
