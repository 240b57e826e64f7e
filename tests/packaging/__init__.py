"""What is published: the wheel, its extras, its layers, and the ways to install it."""
