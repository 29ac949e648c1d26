"""Clinical entities and de-identification.

Earlier versions used en_core_web_sm and emilyalsentzer/Bio_ClinicalBERT.
"""
import logging
import sys

import spacy
from flair.models import SequenceTagger
from presidio_analyzer.nlp_engine import NlpEngineProvider
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

logger = logging.getLogger("clinic/ner")
LABELS = {0: "B-DRUG", 1: "I-DRUG", 2: "B-DOSE", 3: "O"}
HUB_NER = dict(model="d4data/biomedical-ner-all", revision="15d29e8b6d58b6d1d1d1c1f8e9a1c1f0d6d2e3a4")

blank = spacy.blank("de")
sci = spacy.load("en_core_sci_md", exclude=["parser"])
sci.add_pipe("scispacy_linker", config={"resolve_abbreviations": True, "linker_name": "umls"})
ner = pipeline("token-classification", aggregation_strategy="simple", **HUB_NER)
tagger = SequenceTagger.load("flair/ner-english-ontonotes-large")

provider = NlpEngineProvider(
    nlp_configuration={
        "nlp_engine_name": "spacy",
        "models": [
            {"lang_code": "en", "model_name": "en_core_web_lg"},
            {"lang_code": "es", "model_name": "es_core_news_md"},
        ],
    }
)

triage = AutoModelForSequenceClassification.from_pretrained("models/triage")
triage_tok = AutoTokenizer.from_pretrained("emilyalsentzer/Bio_ClinicalBERT")


def load_site_model(site, registry, **kw):
    try:
        return spacy.load(registry.lookup(site)["spacy_model"])
    except OSError:
        logger.warning("no model for %s, falling back to en_core_web_trf", site)
        return spacy.load("en_core_web_trf")


if __name__ == "__main__":
    nlp = spacy.load(sys.argv[1])
    print([LABELS.get(0), [e.text for e in nlp(sys.stdin.read()).ents]])
