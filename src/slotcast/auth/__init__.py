"""
Accounts, sessions and tokens, in the dialect of Supabase Auth.

::

    transports/auth.py ─Request─▶ an endpoint's handler ─Answer─▶ transports/auth.py
                                      │
                                      ▼
                      service: settings, clock, keys, pool, passwords
                                      │
                                      ▼
                    store: SQL on schema auth, as its owner supabase_auth_admin

A module that serves something has a list `ENDPOINTS`. Handlers are given the service and a
request, and return an answer or raise `AuthError`. They do slow things (hashing) before
they begin a transaction.
"""
