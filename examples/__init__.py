"""The example servers: one file each, every one with an ASGI `app`, every one a script of its own."""
