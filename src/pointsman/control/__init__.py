"""What decides. Pure: facts in, a decision and its reason in words out."""
