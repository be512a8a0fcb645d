"""What is wrong with a trained model: its parts, its answers, and how sure that is."""
