"""How long we wait before we say that something does not come."""

START_SECONDS = 20.0  # for an application to start or to stop, for a program to send its first event
SILENCE_SECONDS = 10.0  # for a server to say something, when nobody said how long to listen
