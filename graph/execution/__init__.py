"""Execution: a document that was prepared is run against the schema, once or as a stream."""
