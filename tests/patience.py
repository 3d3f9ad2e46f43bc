"""How long the tests wait for what must happen: nobody knows what else the machine is doing."""

PATIENCE = 60.0  # seconds
