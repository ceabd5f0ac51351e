"""The judge on a server that speaks the OpenAI protocol: `--model openai:URL#NAME` (docs/server.md)."""
