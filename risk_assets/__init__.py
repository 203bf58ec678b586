"""sourcedata -> finaldata -> trained_model -> latest_score -> deployed_model -> diagnostics -> report."""
