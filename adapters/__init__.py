"""What is it for? Business adapters: use case to service configuration."""
