"""The stream under load, beside others: `python -m bench.streams`. Servers, and the thousands of
sockets that listen to them, are processes of their own; `processes` steers them."""
