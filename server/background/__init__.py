"""Work beside the requests: what expires, what is replayed, what webhooks are told."""
