"""When things run: jobs, the file sensor and the drift schedule."""
