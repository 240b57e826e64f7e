"""Draws the architecture from the synthesized app, so that the picture in the documentation cannot be wrong."""
