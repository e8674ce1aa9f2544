"""
What a client asks for: URL, headers and body become the nouns of `ast`.

Nothing here waits or knows the database.
"""
