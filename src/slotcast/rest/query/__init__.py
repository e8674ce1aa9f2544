"""
Plans as SQL.

Only identifiers, quoted, and what the schema cache and the grammar vouch for become part of
the text; everything else a client sends is a bound parameter. So the text depends on the
shape of a request alone, and PostgreSQL can keep it prepared.
"""
