"""What users write inside a line: expressions, templates, SQL, SOQL. Pure."""
