"""The process: composition root, settings, command line."""
