import click
import typer
from TTS.api import TTS
from transformers import VitsModel

app = typer.Typer()


@click.command()
@click.option("--voice", default="facebook/mms-tts-deu", show_default=True)
@click.option("--format", default="audio/wav")
def say(voice: str, format: str) -> None:
    VitsModel.from_pretrained(voice)


@app.command()
def speak(model_name: str = typer.Option("tts_models/de/thorsten/tacotron2-DDC", help="Coqui name")) -> None:
    TTS(model_name=model_name).tts_to_file("Moin", file_path="out/moin.wav")


@app.command()
def clone(model_name: str) -> None:
    TTS(model_name).tts_to_file("Moin", file_path="out/clone.wav")
