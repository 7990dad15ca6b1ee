"""Ways in. No rule lives here: doors read a request, hand it on, and say the outcome."""
