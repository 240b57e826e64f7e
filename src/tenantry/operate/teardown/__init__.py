"""`tenantry teardown`: throws an ephemeral environment away, with all that it has made at run time.

`deployment` reads what is deployed, and what its templates declare; `names` tells what is the application's own from
what is a neighbour's; `plan` lists what there is; `removal` removes one thing of a kind; `work` does it in order.
"""
