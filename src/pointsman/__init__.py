"""Connects business systems with AI models, and keeps both under control."""

__version__ = "0.1.0"
