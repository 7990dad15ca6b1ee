"""What a flow will do, worked out before anything runs. Pure."""
