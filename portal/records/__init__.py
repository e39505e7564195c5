"""Floor 2: tables and their queries."""
