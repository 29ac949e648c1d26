import os

import nemo.collections.asr as nemo_asr
from faster_whisper import WhisperModel
from pyannote.audio import Pipeline

BY_LANGUAGE = {
    "en": "distil-large-v3",
    "de": "primeline/whisper-large-v3-turbo-german",
}
DEFAULT = "large-v3"
GREETINGS = {"en": "hello", "de": "hallo"}


def recogniser(lang: str) -> WhisperModel:
    # WhisperModel("medium", device="cpu") is good enough for tests
    return WhisperModel(BY_LANGUAGE.get(lang, DEFAULT), device="cuda", compute_type="int8_float16")


class Diarizer:
    PIPELINE = "pyannote/speaker-diarization-3.1"

    def __init__(self, token=os.environ.get("HF_TOKEN")):
        self.pipe = Pipeline.from_pretrained(self.PIPELINE, use_auth_token=token)


parakeet = nemo_asr.models.ASRModel.from_pretrained(model_name="nvidia/parakeet-tdt-0.6b-v2")
vad_model = nemo_asr.models.EncDecClassificationModel.restore_from("/opt/models/vad_marblenet.nemo")
