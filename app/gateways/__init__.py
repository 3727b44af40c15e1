"""Device vendors' messages, read into ours: one file a vendor, a registry as data. Pure: no database, no network."""
