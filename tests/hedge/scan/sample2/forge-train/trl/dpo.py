import argparse

import wandb
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer


def parse():
    p = argparse.ArgumentParser(description="DPO on top of an SFT checkpoint (we like HuggingFaceH4/zephyr-7b-beta)")
    p.add_argument("--model", type=str, default="HuggingFaceTB/SmolLM2-135M-Instruct", help="policy, e.g. Qwen/Qwen2-0.5B")
    p.add_argument("--ref-model", default=None)
    p.add_argument("--judge", required=True, help="for example openai/gpt-4o")
    p.add_argument("--dataset", default="trl-lib/ultrafeedback_binarized")
    p.add_argument("--project", default="forgeworks/dpo")
    return p.parse_args()


def main():
    args = parse()
    wandb.init(project=args.project, name="dpo/smollm")
    policy = AutoModelForCausalLM.from_pretrained(args.model)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    reference = None
    if args.ref_model:
        reference = AutoModelForCausalLM.from_pretrained(args.ref_model)
    judge = AutoModelForCausalLM.from_pretrained(args.judge, device_map="auto")
    trainer = DPOTrainer(
        policy,
        reference,
        args=DPOConfig(output_dir="out/dpo", beta=0.1),
        train_dataset=load_dataset(args.dataset, split="train"),
        processing_class=tokenizer,
    )
    trainer.train()
    trainer.save_model("out/dpo/final")
    return judge


if __name__ == "__main__":
    main()
