"""What a tenant uses: asked of the counters that application stacks have registered."""
