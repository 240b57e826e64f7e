"""`tenantry preflight`: what would fail if an environment were deployed into an account now. It reads, never writes.

`assembly` reads what is to be deployed from the synthesized app; nothing of it is spelt here. Each other module asks
one kind of question, and `checks` lists them all.
"""
