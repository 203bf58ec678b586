"""Folders named by a URL: a local mirror is made like the bucket before work, the bucket like it afterwards."""
