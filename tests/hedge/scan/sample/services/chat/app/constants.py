"""Names other modules import."""

SUMMARY_MODEL = "facebook/bart-large-cnn"
SUMMARY_REVISION = "37f520fa929c961707657b28798b30c003dd100b"
TOXICITY_MODEL = "unitary/toxic-bert"

SUPPORT_CHANNEL = "ops/support"
RELEASE = "2024/01"
HOMEPAGE = "https://example.org/docs/models"
ALLOWED_MIME_TYPES = ["application/json", "text/html", "image/png"]
