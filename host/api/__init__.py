"""JSON over HTTP: reads requests, calls the flows, words answers. Decides nothing."""
