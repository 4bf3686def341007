"""What other libraries call things, and what they are here: a file for each library."""
