"""Connects business systems with AI models, and keeps both under control."""
