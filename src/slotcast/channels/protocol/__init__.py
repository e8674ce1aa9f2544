"""
The Phoenix channel protocol as Supabase Realtime speaks it, without any input or output.

Bytes become a `ClientMessage` (`serializers`); a `ChannelTable` (`lifecycle`) keeps the
channels of one connection and answers each message with effects, which the server half
carries out in order; `joins` reads what a client wants of a channel; `texts` holds every
sentence a client may get to see.

Source:
    Phoenix 1.8, Phoenix.Socket and Phoenix.Socket.V2.JSONSerializer; Supabase Realtime.
"""
