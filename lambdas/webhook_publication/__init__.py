"""Publishes a park's event to the webhooks whose makers may still have them."""
