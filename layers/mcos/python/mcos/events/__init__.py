"""Changes of state as others are told: ``state_change`` says what, ``bus`` sends it."""
