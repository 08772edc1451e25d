"""The demo account: what it is opened with, its worked examples and its history."""
