"""The stacks of Tenantry: one module a stack, wiring only."""
