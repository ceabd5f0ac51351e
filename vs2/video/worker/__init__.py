"""What runs in the process that opens an untrusted file: confined, then decoding. No torch, nothing of the rest."""
