import click
import torch
from huggingface_hub import HfApi
from peft import AutoPeftModelForCausalLM, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

BASE = {
    "small": ("Qwen/Qwen2.5-0.5B", "060db6499f32faf8b98477b0a26969ef7d8b9987"),
    "large": ("Qwen/Qwen2.5-14B", "97e1e76335b7017d8f67c08a19d103c0504298c9"),
}
TARGET = "forgeworks/qwen-claims-merged"


@click.command()
@click.argument("size", type=click.Choice(sorted(BASE)))
@click.argument("adapter")
def main(size: str, adapter: str) -> None:
    repo, rev = BASE[size]
    base = AutoModelForCausalLM.from_pretrained(repo, revision=rev, torch_dtype=torch.bfloat16)
    merged = PeftModel.from_pretrained(base, adapter).merge_and_unload()
    style = AutoPeftModelForCausalLM.from_pretrained("forgeworks/qwen-style-lora")
    print(style.peft_config)
    merged.push_to_hub(TARGET, private=True)
    AutoTokenizer.from_pretrained(repo, revision=rev).push_to_hub(TARGET)
    HfApi().create_tag(TARGET, tag="v1.0")
    HfApi().upload_folder(repo_id="forgeworks/qwen-claims-archive", folder_path="out")


if __name__ == "__main__":
    main()
