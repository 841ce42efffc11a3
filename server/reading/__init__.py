"""What is shown, and to whom: views of posts and people, pages and their cursors, the explore
feed, what a search means. Reads only; nothing here asks an actor to change anything."""
