"""The gallery of the design system."""
