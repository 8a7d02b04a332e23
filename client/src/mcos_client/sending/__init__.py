"""How requests get to the API and to storage services, and what is sent again."""
