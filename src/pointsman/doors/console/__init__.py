"""The pages that people decide on."""
