"""The design system: components, layouts, behaviours and styles of every page, shown together on /ui/."""
