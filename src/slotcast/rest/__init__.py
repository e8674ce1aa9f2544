"""PostgREST's dialect of HTTP: request → plan → query → response."""
