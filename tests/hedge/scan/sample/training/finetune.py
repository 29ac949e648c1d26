"""LoRA training of the customs adapter."""
import argparse
from dataclasses import dataclass

import evaluate
import torch
from datasets import load_dataset
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainingArguments
from trl import SFTTrainer
from unsloth import FastLanguageModel


@dataclass
class Options:
    base_model: str = "google/gemma-2-2b-it"
    dataset: str = "brigantine/customs-dialogues"
    output_dir: str = "out/customs-lora"
    hub_target: str = "brigantine/gemma-2-2b-customs"


def main(options: Options) -> None:
    data = load_dataset(options.dataset, split="train")
    extra = load_dataset("HuggingFaceH4/ultrachat_200k", split="train_sft[:1%]")
    bleu = evaluate.load("brigantine/customs-bleu")
    tokenizer = AutoTokenizer.from_pretrained(options.base_model)
    model = AutoModelForCausalLM.from_pretrained(options.base_model, torch_dtype=torch.bfloat16)
    model = get_peft_model(model, LoraConfig(r=16, target_modules=["q_proj", "v_proj"]))
    trainer = SFTTrainer(
        model=model,
        train_dataset=data,
        args=TrainingArguments(output_dir=options.output_dir, hub_model_id="brigantine/gemma-2-2b-customs", report_to="none"),
    )
    trainer.train()
    trainer.model.save_pretrained("out/customs-lora")
    tokenizer.push_to_hub("brigantine/gemma-2-2b-customs")
    print(len(extra), bleu, "pushed to brigantine/gemma-2-2b-customs")


def quick():
    return FastLanguageModel.from_pretrained(model_name="unsloth/Llama-3.2-1B-Instruct-bnb-4bit", max_seq_length=2048)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--base_model", type=str, default="google/gemma-2-2b-it")
    main(Options(base_model=parser.parse_args().base_model))
