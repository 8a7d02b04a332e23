"""Shared by several functions: requests, replies, problems and log lines."""
