"""Budgets: limits over a window, who they count for, what was used of them, and how they are set."""
