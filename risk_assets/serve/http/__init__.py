"""What is HTTP: requests and their bodies in, replies out."""
