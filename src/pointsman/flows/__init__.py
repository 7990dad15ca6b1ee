"""Orchestration: from a plan to a run."""
