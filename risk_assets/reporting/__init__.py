"""Charts and the PDF, made from plain results."""
