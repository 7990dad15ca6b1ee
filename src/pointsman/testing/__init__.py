"""For the tests that users write."""
