"""Models for a service: one file that answers conversations without emospot."""
