"""The live page: how the daemon is, for people, and what they may have it do."""
