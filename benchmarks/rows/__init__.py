"""What is measured: a module for each family of rows, with functions from a stage to figures."""
