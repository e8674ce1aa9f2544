"""The system's own SQL: roles, schema auth, publication."""
