"""A tenant's objects on S3, in five partition modes."""
