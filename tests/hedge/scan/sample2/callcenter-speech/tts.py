from elevenlabs.client import ElevenLabs
from openai import OpenAI
from speechbrain.inference.classifiers import EncoderClassifier
from transformers import AutoProcessor, VitsModel
from TTS.api import TTS

client = OpenAI()
eleven = ElevenLabs()
VOICE_ID = "JBFqnCBsd6RMkjVDRZzb"
MMS = "facebook/mms-tts-{lang}"

xtts = TTS("tts_models/multilingual/multi-dataset/xtts_v2")
lang_id = EncoderClassifier.from_hparams(source="speechbrain/lang-id-voxlingua107-ecapa", savedir="tmp/langid")


def speak(text: str, out: str) -> None:
    with client.audio.speech.with_streaming_response.create(model="gpt-4o-mini-tts", voice="nova", input=text) as r:
        r.stream_to_file(out)


def premium(text: str):
    return eleven.text_to_speech.convert(
        voice_id=VOICE_ID,
        model_id="eleven_multilingual_v2",
        output_format="mp3_44100_128",
        text=text,
    )


def transcript(path: str) -> str:
    with open(path, "rb") as fh:
        return client.audio.transcriptions.create(model="whisper-1", file=fh).text


def german():
    name = MMS.format(lang="deu")
    return VitsModel.from_pretrained(name)


def by_customer(lang: str):
    return AutoProcessor.from_pretrained("facebook/mms-tts-%s" % lang)
