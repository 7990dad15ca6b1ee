"""Systems we ask."""
