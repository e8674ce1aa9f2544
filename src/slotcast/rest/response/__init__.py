"""
What a client is answered: statuses, header fields and the bodies of errors.

Nothing here waits; the bodies of successes come from PostgreSQL as they are.
"""
