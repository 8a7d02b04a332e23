"""What others drop or send: ``message`` understands it, ``queue`` refuses it, ``fetch`` gets it."""
