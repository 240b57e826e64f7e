"""Publishes a park's event to the webhooks whose owners may still have them."""
