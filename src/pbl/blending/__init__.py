"""Clean files become one submission and its recipe: both or neither."""
