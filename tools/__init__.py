"""What keeps this repository: locks, pictures, the tour. Not shipped."""
