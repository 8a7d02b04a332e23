"""Content of any size: where it is read from, how it is sent, fetched and checked."""
