"""Models we call."""
