# -*- coding: latin-1 -*-
# Grüße aus Köln: diese Datei ist nicht in UTF-8 gespeichert.
from transformers import pipeline

TITEL = "Zollprüfung für Häfen/Lager"
ner = pipeline("ner", model="dslim/bert-base-NER")  # erkennt Straßen
übersetzer = pipeline("translation", model="Helsinki-NLP/opus-mt-de-en")
