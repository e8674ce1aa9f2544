"""The replication slot: reading it, confirming it, keeping it across restarts."""
