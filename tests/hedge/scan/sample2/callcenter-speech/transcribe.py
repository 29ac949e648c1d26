#!/usr/bin/env python
"""Offline transcription. Usage: transcribe.py call.wav --model medium.en"""
import argparse
import logging
import pickle
from pathlib import Path

import torch
import whisper
from transformers import pipeline

logging.basicConfig(level=logging.INFO)
CHECKPOINTS = Path("checkpoints")


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("audio")
    ap.add_argument("--model", default="small", choices=["tiny", "base", "small", "medium", "large-v3"])
    ap.add_argument("--sentiment", default="cardiffnlp/twitter-roberta-base-sentiment-latest")
    args = ap.parse_args()

    asr = whisper.load_model(args.model)
    logging.info("loaded whisper (openai/whisper-large-v2 is the old production model)")
    text = asr.transcribe(args.audio)["text"]

    clf = pipeline("text-classification", model=args.sentiment, device=0)
    print(clf(text))

    vad = torch.load(CHECKPOINTS / "vad.pt", map_location="cpu", weights_only=False)
    with open("checkpoints/speaker_gmm.pkl", "rb") as fh:
        gmm = pickle.load(fh)
    with open("cache/last_run.json", "w") as fh:
        fh.write('{"model": "none"}')
    torch.save(vad, CHECKPOINTS / "vad_copy.pt")
    print(gmm)


if __name__ == "__main__":
    main()
