"""The Phoenix channel protocol as Supabase Realtime speaks it."""
