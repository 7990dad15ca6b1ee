"""Practice systems: stand-ins and demo data, which say what they are."""
