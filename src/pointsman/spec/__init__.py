"""What users write: one kind of file a module. Pure."""
