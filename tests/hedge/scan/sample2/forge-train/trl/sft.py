# Copyright 2025 Forgeworks
"""accelerate launch trl/sft.py --model_name_or_path Qwen/Qwen2-0.5B --dataset_name trl-lib/Capybara"""
from dataclasses import dataclass, field
from typing import Optional

from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, HfArgumentParser
from trl import SFTConfig, SFTTrainer


@dataclass
class ModelArguments:
    model_name_or_path: str = field(
        default="meta-llama/Llama-3.2-3B-Instruct",
        metadata={"help": "Hub id or path, e.g. mistralai/Mistral-7B-v0.1"},
    )
    model_revision: str = field(default="main", metadata={"help": "branch, tag or commit"})
    tokenizer_name: Optional[str] = field(default=None, metadata={"help": "defaults to the model"})


@dataclass
class DataArguments:
    dataset_name: str = field(default="HuggingFaceH4/ultrachat_200k")
    dataset_split: str = "train_sft"


def main():
    model_args, data_args = HfArgumentParser((ModelArguments, DataArguments)).parse_args_into_dataclasses()
    tokenizer = AutoTokenizer.from_pretrained(model_args.tokenizer_name or model_args.model_name_or_path)
    model = AutoModelForCausalLM.from_pretrained(
        model_args.model_name_or_path,
        revision=model_args.model_revision,
        attn_implementation="flash_attention_2",
    )
    ds = load_dataset(data_args.dataset_name, split=data_args.dataset_split)
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        args=SFTConfig(output_dir="out/sft", hub_model_id="forgeworks/llama32-sft", push_to_hub=True, report_to="wandb"),
        train_dataset=ds,
        peft_config=LoraConfig(r=16, task_type="CAUSAL_LM"),
    )
    trainer.train()
    trainer.push_to_hub(dataset_name=data_args.dataset_name)


if __name__ == "__main__":
    main()
