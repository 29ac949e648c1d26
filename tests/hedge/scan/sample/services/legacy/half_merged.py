"""Somebody committed this with the merge markers in it."""
from transformers import AutoModelForSequenceClassification

<<<<<<< HEAD
CLAIMS = AutoModelForSequenceClassification.from_pretrained("microsoft/deberta-v3-small")
=======
CLAIMS = AutoModelForSequenceClassification.from_pretrained("microsoft/deberta-v3-xsmall")
>>>>>>> feature/smaller-claims

def label(text:
    return CLAIMS(text
