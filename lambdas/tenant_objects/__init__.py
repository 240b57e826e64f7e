"""A tenant's objects on S3, partitioned five ways."""
