"""What the files of a saved model are called; known without loading PyTorch."""

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"
