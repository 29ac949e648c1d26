import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["CHAT_FALLBACK_MODEL"] = "sshleifer/tiny-gpt2"
FIXTURES = "tests/fixtures"
