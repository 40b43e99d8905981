"""The project: settings and URLs, and what the two sides share."""
