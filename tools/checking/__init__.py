"""What ``tools/aws_check.py`` does to a deployment of its own, and the page that it prints."""
