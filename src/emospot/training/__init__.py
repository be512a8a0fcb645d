"""Training: losses, the Lightning module and data module, checkpoints, seeding."""
