"""From the bytes of a form to a published post: multipart, pictures checked and made anew, their
files. Everything that somebody sent in a file meets a decoder here and nowhere else."""
