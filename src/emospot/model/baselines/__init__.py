"""Published models of the field in our own code, behind the recognizer's interface."""
