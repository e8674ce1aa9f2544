"""
What PostgreSQL has to do for a request: the request's nouns joined with the schema cache.

Nothing here waits. What can be refused by looking at the schema cache is refused here.
"""
