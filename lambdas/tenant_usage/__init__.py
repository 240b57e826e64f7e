"""What a tenant uses: counted with credentials of that tenant and no others."""
