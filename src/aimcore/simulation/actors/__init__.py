"""The actors of the simulated world: what runs in a real cluster beside our controller, as pure step functions.

1. An actor learns of changes (`notice`), remembers keys, and acts on one key at a time. It reads the stage, never the
   cluster, and writes through the stage.
2. Whatever it decides by can be read from the objects: a fresh actor on the same cluster goes on where the old one
   stopped. Moments are computed from time stamps that stand in the objects.
3. Every delay is virtual. An actor that waits says until when (`wake_at`).
4. What never ends in a real cluster (pull back-off, crash loops) ends here after a few rounds and goes on when the
   settings or an object it depends on change, so that a settled world is silent.
"""
