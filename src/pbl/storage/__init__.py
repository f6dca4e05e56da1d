"""What pbl writes is whole, durable and recoverable; what it opens is a regular file."""
