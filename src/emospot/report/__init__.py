"""The HTML report and the exports."""
