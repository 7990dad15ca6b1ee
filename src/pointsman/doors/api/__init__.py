"""The HTTP door: every flow a route, questions in words, runs, and their OpenAPI description."""
