"""One module per endpoint of ``docs/http_api.md``."""
