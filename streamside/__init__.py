"""Server-Sent Events in Python: the support that the lessons, the site and the tests share."""
