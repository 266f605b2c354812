"""Connectors: other systems that hold copies of our clients. Who is enrolled or changed is pushed to each of them, who
is removed is withdrawn from each that received them, and each acknowledgement is kept."""
