#!/usr/bin/env python3
"""Speech to text for the dispatch radio."""
import argparse
import os

import torch
import whisper
from faster_whisper import WhisperModel
from pyannote.audio import Pipeline
from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor, pipeline

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="openai/whisper-small", help="for example openai/whisper-medium")
parser.add_argument("--diarization", default=os.environ.get("DIARIZATION_MODEL", "pyannote/speaker-diarization-3.1"))
parser.add_argument("--language-model", required=True)
parser.add_argument("--output", default="out/transcripts")
args = parser.parse_args()

asr = pipeline("automatic-speech-recognition", model=args.model)
diarization = Pipeline.from_pretrained(args.diarization)
scorer = AutoModelForSpeechSeq2Seq.from_pretrained(args.language_model)

quick = whisper.load_model("base.en")
exact = WhisperModel("large-v3", device="cuda")
vad, helpers = torch.hub.load(repo_or_dir="snakers4/silero-vad", model="silero_vad")
processor = AutoProcessor.from_pretrained("facebook/wav2vec2-base-960h", revision="main")
