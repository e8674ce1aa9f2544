"""Sans-I/O decoder of the pgoutput protocol: bytes to messages to transaction slices."""
