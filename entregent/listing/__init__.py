"""Lists over any records: columns, conditions as data, views, and the fields that an organization adds of its own."""
