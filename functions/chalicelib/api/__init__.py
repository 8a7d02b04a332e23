"""One file a function that API Gateway invokes."""
