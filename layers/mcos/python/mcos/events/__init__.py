"""Events for users: ``state_change`` makes them from records, ``bus`` publishes them."""
