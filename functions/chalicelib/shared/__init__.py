"""What several functions use: parsing requests, replies, problems, log lines."""
