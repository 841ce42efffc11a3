"""What is in a picture's file, told without decoding it: one module or package a format.

Each reads the file's own structure and hands on only what pixels are made of, so that no decoder
meets the rest. Used by `server.uploads.decoding`; pure, and knows no decoder.
"""
