"""How machines find the pages: sitemap.xml, robots.txt, llms.txt and the feed of changes."""
