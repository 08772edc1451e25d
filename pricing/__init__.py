"""What does it cost? Pure answers: no store, no clock, no framework."""
