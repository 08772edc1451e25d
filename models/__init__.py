"""What is remembered? Tables, ids and the database."""
