"""The functions that API Gateway invokes, one module each."""
