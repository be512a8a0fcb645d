"""emospot in the manner of other libraries: Hugging Face's pipelines and hub, scikit-learn."""
