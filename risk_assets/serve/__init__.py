"""Who asks: the API and the pages, served from the deployed folder."""
