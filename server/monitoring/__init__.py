"""Monitoring: what a process tells of itself, in its log, in metrics and in traces."""
